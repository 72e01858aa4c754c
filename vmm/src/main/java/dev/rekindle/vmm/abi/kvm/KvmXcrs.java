package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_xcrs}; {@code linux/kvm.h}; 392 bytes, kept as they are. */
public final class KvmXcrs {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_INT.withName("nr_xcrs"),
              JAVA_INT.withName("flags"),
              sequenceLayout(32, JAVA_LONG).withName("xcrs"),
              sequenceLayout(16, JAVA_LONG).withName("padding"))
          .withName("kvm_xcrs");

  public static final long NR_XCRS = LAYOUT.byteOffset(groupElement("nr_xcrs"));

  private KvmXcrs() {}
}
