package dev.rekindle.vmm.abi.boot;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/**
 * PVH's boot information; {@code xen/interface/hvm/start_info.h} (Linux v6.1), version 1 with a
 * memory map. The kernel finds it through {@code ebx}.
 */
public final class HvmStartInfo {
  /** {@code magic}: "xEn3" with the highest bit of the "E" set. */
  public static final int XEN_HVM_START_MAGIC_VALUE = 0x336E_C578;

  /** {@code version}: 1, with {@code memmap_paddr}. */
  public static final int VERSION = 1;

  /** {@code hvm_memmap_table_entry.type}: as e820's. */
  public static final int XEN_HVM_MEMMAP_TYPE_RAM = 1;

  /** {@code hvm_memmap_table_entry.type}: as e820's. */
  public static final int XEN_HVM_MEMMAP_TYPE_RESERVED = 2;

  /** Name of the ELF note with the entry. */
  public static final String NOTE_NAME = "Xen";

  /** Type of the ELF note with the 32-bit entry's physical address. */
  public static final int XEN_ELFNOTE_PHYS32_ENTRY = 18;

  /** {@code struct hvm_start_info}; 56 bytes. */
  public static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("magic"),
          JAVA_INT.withName("version"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("nr_modules"),
          JAVA_LONG.withName("modlist_paddr"),
          JAVA_LONG.withName("cmdline_paddr"),
          JAVA_LONG.withName("rsdp_paddr"),
          JAVA_LONG.withName("memmap_paddr"),
          JAVA_INT.withName("memmap_entries"),
          JAVA_INT.withName("reserved"));

  /** {@code struct hvm_modlist_entry}; 32 bytes. */
  public static final StructLayout MODLIST_ENTRY =
      structLayout(
          JAVA_LONG.withName("paddr"),
          JAVA_LONG.withName("size"),
          JAVA_LONG.withName("cmdline_paddr"),
          JAVA_LONG.withName("reserved"));

  /** {@code struct hvm_memmap_table_entry}; 24 bytes. */
  public static final StructLayout MEMMAP_ENTRY =
      structLayout(
          JAVA_LONG.withName("addr"),
          JAVA_LONG.withName("size"),
          JAVA_INT.withName("type"),
          JAVA_INT.withName("reserved"));

  private HvmStartInfo() {}

  /**
   * @param field C name
   * @return its offset in {@code struct hvm_start_info}, bytes
   */
  public static int offsetOf(String field) {
    return (int) LAYOUT.byteOffset(groupElement(field));
  }
}
