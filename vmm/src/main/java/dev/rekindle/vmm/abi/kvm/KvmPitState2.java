package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/**
 * {@code struct kvm_pit_state2}; {@code linux/kvm.h}; 112 bytes; the three channels are kept as
 * they are.
 */
public final class KvmPitState2 {
  public static final StructLayout LAYOUT =
      structLayout(
              sequenceLayout(72, JAVA_BYTE).withName("channels"),
              JAVA_INT.withName("flags"),
              sequenceLayout(9, JAVA_INT).withName("reserved"))
          .withName("kvm_pit_state2");

  public static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));

  private KvmPitState2() {}
}
