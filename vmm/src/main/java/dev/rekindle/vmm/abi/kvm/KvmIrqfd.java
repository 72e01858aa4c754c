package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_irqfd}; {@code linux/kvm.h}; 32 bytes. */
public final class KvmIrqfd {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_INT.withName("fd"),
              JAVA_INT.withName("gsi"),
              JAVA_INT.withName("flags"),
              JAVA_INT.withName("resamplefd"),
              sequenceLayout(16, JAVA_BYTE).withName("pad"))
          .withName("kvm_irqfd");

  public static final long FD = LAYOUT.byteOffset(groupElement("fd"));
  public static final long GSI = LAYOUT.byteOffset(groupElement("gsi"));
  public static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));

  private KvmIrqfd() {}
}
