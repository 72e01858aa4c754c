package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_msr_list}; {@code linux/kvm.h}; 4 bytes, followed by the indices. */
public final class KvmMsrList {
  public static final StructLayout LAYOUT =
      structLayout(JAVA_INT.withName("nmsrs")).withName("kvm_msr_list");

  public static final long NMSRS = LAYOUT.byteOffset(groupElement("nmsrs"));

  private KvmMsrList() {}
}
