package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_cpuid2}; {@code linux/kvm.h}; 8 bytes, followed by the entries. */
public final class KvmCpuid2 {
  public static final StructLayout LAYOUT =
      structLayout(JAVA_INT.withName("nent"), JAVA_INT.withName("padding")).withName("kvm_cpuid2");

  public static final long NENT = LAYOUT.byteOffset(groupElement("nent"));

  private KvmCpuid2() {}
}
