package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_irqchip}; {@code linux/kvm.h}; 520 bytes. */
public final class KvmIrqchip {
  public static final int PIC_MASTER = 0;
  public static final int PIC_SLAVE = 1;
  public static final int IOAPIC = 2;

  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_INT.withName("chip_id"),
              JAVA_INT.withName("pad"),
              sequenceLayout(512, JAVA_BYTE).withName("chip"))
          .withName("kvm_irqchip");

  public static final long CHIP_ID = LAYOUT.byteOffset(groupElement("chip_id"));

  private KvmIrqchip() {}
}
