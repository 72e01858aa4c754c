package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/**
 * {@code struct sigaction} as the C library's {@code sigaction(2)} takes it ({@code signal.h}; not
 * the kernel's own struct, for it is only ever passed to the library); 152 bytes.
 */
public final class Signal {
  /**
   * The real-time signal that takes a vCPU thread out of {@code KVM_RUN}. glibc keeps 32 and 33,
   * HotSpot uses none of the real-time ones.
   */
  public static final int VCPU_KICK = 34 + 4;

  public static final StructLayout LAYOUT =
      structLayout(
              ADDRESS.withName("sa_handler"),
              sequenceLayout(16, JAVA_LONG).withName("sa_mask"),
              JAVA_INT.withName("sa_flags"),
              paddingLayout(4),
              ADDRESS.withName("sa_restorer"))
          .withName("sigaction");

  public static final long SA_HANDLER = LAYOUT.byteOffset(groupElement("sa_handler"));

  private Signal() {}
}
