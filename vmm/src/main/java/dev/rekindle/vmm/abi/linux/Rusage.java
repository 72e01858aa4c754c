package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct rusage}; {@code linux/resource.h}; 144 bytes. */
public final class Rusage {
  /** Of the calling thread alone. */
  public static final int RUSAGE_THREAD = 1;

  public static final StructLayout LAYOUT =
      structLayout(
              paddingLayout(64),
              JAVA_LONG.withName("ru_minflt"),
              JAVA_LONG.withName("ru_majflt"),
              paddingLayout(64))
          .withName("rusage");

  public static final long MINFLT = LAYOUT.byteOffset(groupElement("ru_minflt"));
  public static final long MAJFLT = LAYOUT.byteOffset(groupElement("ru_majflt"));

  private Rusage() {}
}
