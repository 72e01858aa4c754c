package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_pit_config}; {@code linux/kvm.h}; 64 bytes. */
public final class KvmPitConfig {
  /** Answer port 0x61 in the kernel, as guests that calibrate by the speaker gate need. */
  public static final int SPEAKER_DUMMY = 1;

  public static final StructLayout LAYOUT =
      structLayout(JAVA_INT.withName("flags"), sequenceLayout(15, JAVA_INT).withName("pad"))
          .withName("kvm_pit_config");

  public static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));

  private KvmPitConfig() {}
}
