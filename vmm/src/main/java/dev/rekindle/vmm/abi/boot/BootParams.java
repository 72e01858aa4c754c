package dev.rekindle.vmm.abi.boot;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.StructLayout;

/**
 * {@code struct boot_params}, the zero page; {@code asm/bootparam.h} v6.1; packed, 4096 bytes. Only
 * the members this monitor writes have names.
 */
public final class BootParams {
  /** Size of the page. */
  public static final int SIZE_BYTES = 4096;

  /** Most entries of {@code e820_table}. */
  public static final int E820_MAX_ENTRIES_ZEROPAGE = 128;

  /** {@code boot_e820_entry.type}: usable memory. */
  public static final int E820_TYPE_RAM = 1;

  /** {@code boot_e820_entry.type}: not to be used. */
  public static final int E820_TYPE_RESERVED = 2;

  /** {@code setup_data.type}: a seed for the kernel's random pool, wiped when read (6.2, 6.1.2). */
  public static final int SETUP_RNG_SEED = 9;

  /** {@code struct boot_e820_entry}; packed, 20 bytes. */
  public static final StructLayout E820_ENTRY =
      structLayout(
          JAVA_LONG_UNALIGNED.withName("addr"),
          JAVA_LONG_UNALIGNED.withName("size"),
          JAVA_INT_UNALIGNED.withName("type"));

  /** {@code struct setup_data} without its data; 16 bytes. */
  public static final StructLayout SETUP_DATA =
      structLayout(
          JAVA_LONG_UNALIGNED.withName("next"),
          JAVA_INT_UNALIGNED.withName("type"),
          JAVA_INT_UNALIGNED.withName("len"));

  /** The struct. */
  public static final StructLayout LAYOUT =
      structLayout(
          paddingLayout(0x70),
          JAVA_LONG_UNALIGNED.withName("acpi_rsdp_addr"),
          paddingLayout(0xC0 - 0x78),
          JAVA_INT_UNALIGNED.withName("ext_ramdisk_image"),
          JAVA_INT_UNALIGNED.withName("ext_ramdisk_size"),
          JAVA_INT_UNALIGNED.withName("ext_cmd_line_ptr"),
          paddingLayout(0x1E8 - 0xCC),
          JAVA_BYTE.withName("e820_entries"),
          paddingLayout(0x1EF - 0x1E9),
          JAVA_BYTE.withName("sentinel"),
          paddingLayout(1),
          SetupHeader.LAYOUT.withName("hdr"),
          paddingLayout(0x2D0 - 0x1F1 - 123),
          sequenceLayout(E820_MAX_ENTRIES_ZEROPAGE, E820_ENTRY).withName("e820_table"),
          paddingLayout(0x1000 - 0xCD0));

  private BootParams() {}

  /**
   * @param field C name of a member with a name in {@link #LAYOUT}
   * @return its offset in the page, bytes
   */
  public static int offsetOf(String field) {
    return (int) LAYOUT.byteOffset(groupElement(field));
  }
}
