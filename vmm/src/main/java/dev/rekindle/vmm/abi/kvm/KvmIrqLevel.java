package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_irq_level}; {@code linux/kvm.h}; 8 bytes. */
public final class KvmIrqLevel {
  public static final StructLayout LAYOUT =
      structLayout(JAVA_INT.withName("irq"), JAVA_INT.withName("level")).withName("kvm_irq_level");

  public static final long IRQ = LAYOUT.byteOffset(groupElement("irq"));
  public static final long LEVEL = LAYOUT.byteOffset(groupElement("level"));

  private KvmIrqLevel() {}
}
