package dev.rekindle.vmm.arch.x86.acpi;

/** The Fixed ACPI Description Table, revision 6.5 (ACPI 6.5, 5.2.9). */
public final class FixedTable {
  /** Size of the table with its header. */
  public static final int SIZE_BYTES = 276;

  private static final int MINOR_REVISION = 5;

  // IAPC_BOOT_ARCH, 5.2.9.3. Not set: LEGACY_DEVICES and 8042, so that Linux probes for neither.
  private static final int VGA_NOT_PRESENT = 1 << 2;
  private static final int MSI_NOT_SUPPORTED = 1 << 3;
  private static final int CMOS_RTC_NOT_PRESENT = 1 << 5;

  // Fixed feature flags, 5.2.9.
  private static final int WBINVD = 1;
  private static final int PROC_C1 = 1 << 2;
  // A set bit says that the button is no fixed hardware; there is no device for it either.
  private static final int PWR_BUTTON = 1 << 4;
  private static final int SLP_BUTTON = 1 << 5;
  private static final int RESET_REG_SUP = 1 << 10;
  private static final int HEADLESS = 1 << 12;
  private static final int HW_REDUCED_ACPI = 1 << 20;

  private FixedTable() {}

  /**
   * A hardware-reduced machine without VGA, RTC and MSI. Every field that such a machine ignores is
   * 0.
   *
   * @param dsdtGpa the DSDT, below 4 GiB
   * @param sleepControlPort 8-bit I/O port
   * @param sleepStatusPort 8-bit I/O port
   * @param resetPort 8-bit I/O port that resets the machine
   * @param resetValue when this is written
   * @return what follows the header
   */
  public static byte[] hardwareReduced(
      long dsdtGpa, int sleepControlPort, int sleepStatusPort, int resetPort, int resetValue) {
    ByteSink body = new ByteSink();
    body.u32(0).u32(dsdtGpa);
    padTo(body, 109);
    body.u16(VGA_NOT_PRESENT | MSI_NOT_SUPPORTED | CMOS_RTC_NOT_PRESENT).u8(0);
    body.u32(
        WBINVD | PROC_C1 | PWR_BUTTON | SLP_BUTTON | RESET_REG_SUP | HEADLESS | HW_REDUCED_ACPI);
    port(body, resetPort);
    body.u8(resetValue).u16(0).u8(MINOR_REVISION).u64(0).u64(dsdtGpa);
    padTo(body, 244);
    port(body, sleepControlPort);
    port(body, sleepStatusPort);
    // Hypervisor vendor identity.
    body.ascii("REKINDLE");
    return body.toBytes();
  }

  /** Generic address structure (5.2.3.2) of one byte in I/O space. */
  private static void port(ByteSink out, int port) {
    out.u8(1).u8(8).u8(0).u8(1).u64(port);
  }

  private static void padTo(ByteSink body, int tableOffset) {
    body.zeros(tableOffset - SystemTable.HEADER_BYTES - body.size());
  }
}
