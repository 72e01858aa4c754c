package dev.rekindle.vmm.arch.x86;

/**
 * Where everything lies in a guest's physical address space and on its interrupt lines. RAM below 3
 * GiB and from 4 GiB on, devices in between; what the boot protocol needs under 1 MiB.
 */
public final class AddressMap {
  /** Flat segment descriptors for the first instructions; a page. */
  public static final long GDT = 0x500;

  /** The zero page ({@code struct boot_params}); 4 KiB. */
  public static final long ZERO_PAGE = 0x7000;

  /** PVH's {@code struct hvm_start_info} and its memory map; 4 KiB. */
  public static final long PVH_START_INFO = 0x6000;

  /** Stack of the boot processor until the kernel sets its own, growing down. */
  public static final long BOOT_STACK = 0x8FF0;

  /** Identity-mapping page tables for the first instructions: PML4, PDPT, PDs. */
  public static final long PAGE_TABLES = 0x9000;

  /** Kernel command line, NUL-terminated. */
  public static final long COMMAND_LINE = 0x2_0000;

  /** Size of the command line area, bytes. */
  public static final int COMMAND_LINE_MAX_BYTES = 0x1_0000;

  /** {@code struct setup_data} list of the boot protocol; a page. */
  public static final long SETUP_DATA = 0x3_0000;

  /** End of conventional memory given to the kernel as RAM. */
  public static final long LOW_RAM_END = 0x9_FC00;

  /** ACPI: the RSDP, every other table behind it. */
  public static final long ACPI_TABLES = 0xE_0000;

  /** End of the ACPI area. */
  public static final long ACPI_TABLES_END = 0xF_0000;

  /** The page with the VM generation id; reserved in e820. */
  public static final long VM_GENERATION_PAGE = 0xF_0000;

  /** Gpa of the 16-byte VM generation id itself. */
  public static final long VM_GENERATION_ID = VM_GENERATION_PAGE;

  /** Where a kernel is loaded. */
  public static final long KERNEL = 0x10_0000;

  /** First virtio-mmio window; device {@code i} lies {@code i} windows above. */
  public static final long VIRTIO_MMIO = 0xD000_0000L;

  /** Bytes of one virtio-mmio window. */
  public static final int VIRTIO_MMIO_WINDOW = 0x1000;

  /** Most virtio devices a VM may have; bounded by the IOAPIC's lines. */
  public static final int MAX_VIRTIO_DEVICES = 12;

  /** Interrupt line of the first virtio device. */
  public static final int VIRTIO_GSI = 5;

  /** Interrupt line that tells the guest of a new VM generation id. */
  public static final int VM_GENERATION_GSI = 23;

  /** First port of the serial console and its interrupt line. */
  public static final int COM1_PORT = 0x3F8;

  /** Interrupt line of the serial console. */
  public static final int COM1_GSI = 4;

  /** Data port of the keyboard controller. */
  public static final int I8042_DATA_PORT = 0x60;

  /** Command port of the keyboard controller. */
  public static final int I8042_COMMAND_PORT = 0x64;

  /** ACPI's sleep control register, a byte; a guest powers off by writing to it. */
  public static final int ACPI_SLEEP_CONTROL_PORT = 0x600;

  /** ACPI's sleep status register, a byte. */
  public static final int ACPI_SLEEP_STATUS_PORT = 0x601;

  /** Where KVM puts the three pages it needs on Intel processors. */
  public static final long TSS = 0xFFFB_D000L;

  /** Where KVM puts its identity map on Intel processors. */
  public static final long IDENTITY_MAP = 0xFFFB_C000L;

  /** The IOAPIC's registers. */
  public static final long IOAPIC = 0xFEC0_0000L;

  /** Each processor's local APIC. */
  public static final long LAPIC = 0xFEE0_0000L;

  private AddressMap() {}

  /**
   * @param index of the virtio device, {@code [0, MAX_VIRTIO_DEVICES)}
   * @return gpa of its window
   */
  public static long virtioMmio(int index) {
    return VIRTIO_MMIO + (long) index * VIRTIO_MMIO_WINDOW;
  }

  /**
   * @param index of the virtio device, {@code [0, MAX_VIRTIO_DEVICES)}
   * @return its interrupt line; those of other devices (8: RTC, 9: ACPI, 12 to 15) are left out
   *     where legacy drivers would claim them
   */
  public static int virtioGsi(int index) {
    return index < 3 ? VIRTIO_GSI + index : index < 5 ? 7 + index : 11 + index;
  }
}
