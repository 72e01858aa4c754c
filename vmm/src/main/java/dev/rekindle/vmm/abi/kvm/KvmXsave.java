package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/**
 * {@code struct kvm_xsave}; {@code linux/kvm.h}; 4096 bytes; with {@code KVM_CAP_XSAVE2} the kernel
 * says how many follow.
 */
public final class KvmXsave {
  public static final StructLayout LAYOUT =
      structLayout(sequenceLayout(1024, JAVA_INT).withName("region")).withName("kvm_xsave");

  private KvmXsave() {}
}
