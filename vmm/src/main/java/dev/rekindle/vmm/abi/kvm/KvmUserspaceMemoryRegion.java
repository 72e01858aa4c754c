package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_userspace_memory_region}; {@code linux/kvm.h}; 32 bytes. */
public final class KvmUserspaceMemoryRegion {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_INT.withName("slot"),
              JAVA_INT.withName("flags"),
              JAVA_LONG.withName("guest_phys_addr"),
              JAVA_LONG.withName("memory_size"),
              JAVA_LONG.withName("userspace_addr"))
          .withName("kvm_userspace_memory_region");

  public static final long SLOT = LAYOUT.byteOffset(groupElement("slot"));
  public static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));
  public static final long GUEST_PHYS_ADDR = LAYOUT.byteOffset(groupElement("guest_phys_addr"));
  public static final long MEMORY_SIZE = LAYOUT.byteOffset(groupElement("memory_size"));
  public static final long USERSPACE_ADDR = LAYOUT.byteOffset(groupElement("userspace_addr"));

  private KvmUserspaceMemoryRegion() {}
}
