package dev.rekindle.vmm.arch.x86;

import dev.rekindle.vmm.arch.x86.acpi.AmlTerm;
import dev.rekindle.vmm.arch.x86.acpi.ByteSink;
import dev.rekindle.vmm.arch.x86.acpi.FixedTable;
import dev.rekindle.vmm.arch.x86.acpi.SystemTable;
import dev.rekindle.vmm.memory.GuestMemory;
import java.util.List;

/**
 * The ACPI tables of a guest: RSDP, XSDT, FADT, MADT, DSDT (ACPI specification 6.5, chapter 5).
 * Debian's cloud kernels find processors and devices by nothing else.
 *
 * <p>The machine is hardware-reduced (FADT flag HW_REDUCED_ACPI). Linux then uses neither 8259 nor
 * PIT nor any fixed ACPI register, so there is nothing to emulate for them and no SCI; in exchange,
 * whatever has a classic interrupt must be described in the DSDT, the serial port too: without it
 * {@code ttyS0} prints, by polling, but has no interrupt and cannot be opened. Timer calibration
 * needs no PIT as long as the guest has kvm-clock (which tells the TSC's frequency), the
 * TSC-deadline timer and ARAT, which {@link Cpuid} sees to.
 */
public final class AcpiTables {
  private static final int XSDT_REVISION = 1;
  private static final int FADT_REVISION = 6;
  private static final int MADT_REVISION = 5;

  /** 2 makes AML's integers 64 bits wide. */
  private static final int DSDT_REVISION = 2;

  private static final int MADT_LOCAL_APIC = 0;
  private static final int MADT_IO_APIC = 1;
  private static final int LOCAL_APIC_ENABLED = 1;

  /** Highest APIC id of an xAPIC; 255 is broadcast. */
  static final int MAX_VCPUS = 255;

  private static final int TABLE_ALIGNMENT = 64;
  private static final int RSDP_BYTES = 36;

  private AcpiTables() {}

  /**
   * Writes all tables; the RSDP at {@code AddressMap.ACPI_TABLES}, where the kernel looks for it
   * even if nobody tells it.
   *
   * @param memory of the guest
   * @param vcpuCount processors, {@code [1, 255]}; APIC ids are 0, 1, 2, ...
   * @param slots the virtio devices
   * @return gpa of the first byte behind the tables
   */
  public static long write(GuestMemory memory, int vcpuCount, List<VirtioMmioSlot> slots) {
    if (vcpuCount < 1 || vcpuCount > MAX_VCPUS) {
      throw new IllegalArgumentException(
          "vcpuCount must be in [1, " + MAX_VCPUS + "], got " + vcpuCount);
    }
    long dsdtGpa = aligned(AddressMap.ACPI_TABLES + RSDP_BYTES);
    byte[] dsdt = SystemTable.of("DSDT", DSDT_REVISION, AmlTerm.encodeAll(Dsdt.terms(slots)));
    long fadtGpa = put(memory, dsdtGpa, dsdt);
    long madtGpa = put(memory, fadtGpa, SystemTable.of("FACP", FADT_REVISION, fadt(dsdtGpa)));
    long xsdtGpa = put(memory, madtGpa, SystemTable.of("APIC", MADT_REVISION, madt(vcpuCount)));
    byte[] xsdt = new ByteSink().u64(fadtGpa).u64(madtGpa).toBytes();
    long end = put(memory, xsdtGpa, SystemTable.of("XSDT", XSDT_REVISION, xsdt));
    byte[] rsdp = SystemTable.rsdp(xsdtGpa);
    memory.write(AddressMap.ACPI_TABLES, rsdp, 0, rsdp.length);
    return end;
  }

  private static long put(GuestMemory memory, long gpa, byte[] table) {
    long end = aligned(gpa + table.length);
    if (end > AddressMap.ACPI_TABLES_END) {
      throw new IllegalArgumentException(
          "the ACPI tables end at 0x%x, beyond 0x%x".formatted(end, AddressMap.ACPI_TABLES_END));
    }
    memory.write(gpa, table, 0, table.length);
    return end;
  }

  private static byte[] fadt(long dsdtGpa) {
    return FixedTable.hardwareReduced(
        dsdtGpa,
        AddressMap.ACPI_SLEEP_CONTROL_PORT,
        AddressMap.ACPI_SLEEP_STATUS_PORT,
        AddressMap.I8042_COMMAND_PORT,
        I8042_PULSE_RESET);
  }

  /** Command of the keyboard controller that pulses the processor's reset line. */
  private static final int I8042_PULSE_RESET = 0xFE;

  /** Local APICs first, as the specification asks, then the one IOAPIC with all lines from 0. */
  private static byte[] madt(int vcpuCount) {
    ByteSink body = new ByteSink().u32(AddressMap.LAPIC).u32(0);
    for (int id = 0; id < vcpuCount; id++) {
      body.u8(MADT_LOCAL_APIC).u8(8).u8(id).u8(id).u32(LOCAL_APIC_ENABLED);
    }
    return body.u8(MADT_IO_APIC).u8(12).u8(0).u8(0).u32(AddressMap.IOAPIC).u32(0).toBytes();
  }

  private static long aligned(long gpa) {
    return (gpa + TABLE_ALIGNMENT - 1) & -TABLE_ALIGNMENT;
  }
}
