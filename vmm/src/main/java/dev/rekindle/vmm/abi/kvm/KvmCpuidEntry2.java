package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_cpuid_entry2}; {@code linux/kvm.h}; 40 bytes. */
public final class KvmCpuidEntry2 {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_INT.withName("function"),
              JAVA_INT.withName("index"),
              JAVA_INT.withName("flags"),
              JAVA_INT.withName("eax"),
              JAVA_INT.withName("ebx"),
              JAVA_INT.withName("ecx"),
              JAVA_INT.withName("edx"),
              sequenceLayout(3, JAVA_INT).withName("padding"))
          .withName("kvm_cpuid_entry2");

  public static final long FUNCTION = LAYOUT.byteOffset(groupElement("function"));
  public static final long INDEX = LAYOUT.byteOffset(groupElement("index"));
  public static final long FLAGS = LAYOUT.byteOffset(groupElement("flags"));
  public static final long EAX = LAYOUT.byteOffset(groupElement("eax"));
  public static final long EBX = LAYOUT.byteOffset(groupElement("ebx"));
  public static final long ECX = LAYOUT.byteOffset(groupElement("ecx"));
  public static final long EDX = LAYOUT.byteOffset(groupElement("edx"));

  private KvmCpuidEntry2() {}
}
