package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_clock_data}; {@code linux/kvm.h}; 48 bytes. */
public final class KvmClockData {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("clock"),
              JAVA_INT.withName("flags"),
              JAVA_INT.withName("pad0"),
              JAVA_LONG.withName("realtime"),
              JAVA_LONG.withName("host_tsc"),
              sequenceLayout(4, JAVA_INT).withName("pad"))
          .withName("kvm_clock_data");

  public static final long CLOCK = LAYOUT.byteOffset(groupElement("clock"));
  public static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));

  private KvmClockData() {}
}
