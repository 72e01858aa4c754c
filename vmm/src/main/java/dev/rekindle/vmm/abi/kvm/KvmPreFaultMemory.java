package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/**
 * {@code struct kvm_pre_fault_memory}; {@code linux/kvm.h} v6.11; 64 bytes. KVM moves {@code gpa}
 * and {@code size} on by what it has done.
 */
public final class KvmPreFaultMemory {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("gpa"),
              JAVA_LONG.withName("size"),
              JAVA_LONG.withName("flags"),
              paddingLayout(40))
          .withName("kvm_pre_fault_memory");

  public static final long GPA = LAYOUT.byteOffset(groupElement("gpa"));
  public static final long SIZE = LAYOUT.byteOffset(groupElement("size"));

  private KvmPreFaultMemory() {}
}
