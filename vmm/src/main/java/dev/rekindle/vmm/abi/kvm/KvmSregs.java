package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_sregs}; {@code linux/kvm.h}; 312 bytes. */
public final class KvmSregs {
  public static final StructLayout LAYOUT =
      structLayout(
              KvmSegment.LAYOUT.withName("cs"),
              KvmSegment.LAYOUT.withName("ds"),
              KvmSegment.LAYOUT.withName("es"),
              KvmSegment.LAYOUT.withName("fs"),
              KvmSegment.LAYOUT.withName("gs"),
              KvmSegment.LAYOUT.withName("ss"),
              KvmSegment.LAYOUT.withName("tr"),
              KvmSegment.LAYOUT.withName("ldt"),
              KvmDtable.LAYOUT.withName("gdt"),
              KvmDtable.LAYOUT.withName("idt"),
              JAVA_LONG.withName("cr0"),
              JAVA_LONG.withName("cr2"),
              JAVA_LONG.withName("cr3"),
              JAVA_LONG.withName("cr4"),
              JAVA_LONG.withName("cr8"),
              JAVA_LONG.withName("efer"),
              JAVA_LONG.withName("apic_base"),
              sequenceLayout(4, JAVA_LONG).withName("interrupt_bitmap"))
          .withName("kvm_sregs");

  public static final long CS = LAYOUT.byteOffset(groupElement("cs"));
  public static final long DS = LAYOUT.byteOffset(groupElement("ds"));
  public static final long ES = LAYOUT.byteOffset(groupElement("es"));
  public static final long FS = LAYOUT.byteOffset(groupElement("fs"));
  public static final long GS = LAYOUT.byteOffset(groupElement("gs"));
  public static final long SS = LAYOUT.byteOffset(groupElement("ss"));
  public static final long TR = LAYOUT.byteOffset(groupElement("tr"));
  public static final long LDT = LAYOUT.byteOffset(groupElement("ldt"));
  public static final long GDT = LAYOUT.byteOffset(groupElement("gdt"));
  public static final long IDT = LAYOUT.byteOffset(groupElement("idt"));
  public static final long CR0 = LAYOUT.byteOffset(groupElement("cr0"));
  public static final long CR2 = LAYOUT.byteOffset(groupElement("cr2"));
  public static final long CR3 = LAYOUT.byteOffset(groupElement("cr3"));
  public static final long CR4 = LAYOUT.byteOffset(groupElement("cr4"));
  public static final long CR8 = LAYOUT.byteOffset(groupElement("cr8"));
  public static final long EFER = LAYOUT.byteOffset(groupElement("efer"));
  public static final long APIC_BASE = LAYOUT.byteOffset(groupElement("apic_base"));

  private KvmSregs() {}
}
