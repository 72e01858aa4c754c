package dev.rekindle.vmm.abi.boot;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.StructLayout;

/**
 * {@code struct setup_header}; {@code asm/bootparam.h}, boot protocol 2.15 (Linux 5.5 and later);
 * packed, 123 bytes. It lies at {@link #FILE_OFFSET} of a bzImage and at the same offset of the
 * zero page.
 */
public final class SetupHeader {
  /** Where the header lies in a bzImage and in {@code struct boot_params}. */
  public static final int FILE_OFFSET = 0x1F1;

  /** Where the header ends is told by the byte here, counted from {@link #LENGTH_BASE}. */
  public static final int LENGTH_OFFSET = 0x201;

  /** End of the jump instruction whose operand is at {@link #LENGTH_OFFSET}. */
  public static final int LENGTH_BASE = 0x202;

  /** {@code boot_flag} of every bootable sector. */
  public static final int BOOT_FLAG_MAGIC = 0xAA55;

  /** {@code header}: "HdrS". */
  public static final int HEADER_MAGIC = 0x5372_6448;

  /** {@code version} of protocol 2.12, the first with {@code xloadflags}. */
  public static final int VERSION_2_12 = 0x020C;

  /** {@code type_of_loader}: a loader without an assigned number. */
  public static final int LOADER_UNDEFINED = 0xFF;

  /** {@code loadflags}: the protected-mode code goes to 1 MiB or above. */
  public static final int LOADED_HIGH = 1;

  /** {@code xloadflags}: has a 64-bit entry at 0x200. */
  public static final int XLF_KERNEL_64 = 1;

  /** Where the 64-bit entry lies, from the start of the protected-mode code. */
  public static final int ENTRY_64_OFFSET = 0x200;

  /** Unit of {@code setup_sects}. */
  public static final int SECTOR_BYTES = 512;

  /** {@code setup_sects} when it says 0. */
  public static final int DEFAULT_SETUP_SECTS = 4;

  /** Unit of {@code syssize}. */
  public static final int SYSSIZE_UNIT_BYTES = 16;

  /** The struct. */
  public static final StructLayout LAYOUT =
      structLayout(
          JAVA_BYTE.withName("setup_sects"),
          JAVA_SHORT_UNALIGNED.withName("root_flags"),
          JAVA_INT_UNALIGNED.withName("syssize"),
          JAVA_SHORT_UNALIGNED.withName("ram_size"),
          JAVA_SHORT_UNALIGNED.withName("vid_mode"),
          JAVA_SHORT_UNALIGNED.withName("root_dev"),
          JAVA_SHORT_UNALIGNED.withName("boot_flag"),
          JAVA_SHORT_UNALIGNED.withName("jump"),
          JAVA_INT_UNALIGNED.withName("header"),
          JAVA_SHORT_UNALIGNED.withName("version"),
          JAVA_INT_UNALIGNED.withName("realmode_swtch"),
          JAVA_SHORT_UNALIGNED.withName("start_sys_seg"),
          JAVA_SHORT_UNALIGNED.withName("kernel_version"),
          JAVA_BYTE.withName("type_of_loader"),
          JAVA_BYTE.withName("loadflags"),
          JAVA_SHORT_UNALIGNED.withName("setup_move_size"),
          JAVA_INT_UNALIGNED.withName("code32_start"),
          JAVA_INT_UNALIGNED.withName("ramdisk_image"),
          JAVA_INT_UNALIGNED.withName("ramdisk_size"),
          JAVA_INT_UNALIGNED.withName("bootsect_kludge"),
          JAVA_SHORT_UNALIGNED.withName("heap_end_ptr"),
          JAVA_BYTE.withName("ext_loader_ver"),
          JAVA_BYTE.withName("ext_loader_type"),
          JAVA_INT_UNALIGNED.withName("cmd_line_ptr"),
          JAVA_INT_UNALIGNED.withName("initrd_addr_max"),
          JAVA_INT_UNALIGNED.withName("kernel_alignment"),
          JAVA_BYTE.withName("relocatable_kernel"),
          JAVA_BYTE.withName("min_alignment"),
          JAVA_SHORT_UNALIGNED.withName("xloadflags"),
          JAVA_INT_UNALIGNED.withName("cmdline_size"),
          JAVA_INT_UNALIGNED.withName("hardware_subarch"),
          JAVA_LONG_UNALIGNED.withName("hardware_subarch_data"),
          JAVA_INT_UNALIGNED.withName("payload_offset"),
          JAVA_INT_UNALIGNED.withName("payload_length"),
          JAVA_LONG_UNALIGNED.withName("setup_data"),
          JAVA_LONG_UNALIGNED.withName("pref_address"),
          JAVA_INT_UNALIGNED.withName("init_size"),
          JAVA_INT_UNALIGNED.withName("handover_offset"),
          JAVA_INT_UNALIGNED.withName("kernel_info_offset"));

  private SetupHeader() {}

  /**
   * @param field C name
   * @return its offset in the struct, bytes
   */
  public static int offsetOf(String field) {
    return (int) LAYOUT.byteOffset(groupElement(field));
  }
}
