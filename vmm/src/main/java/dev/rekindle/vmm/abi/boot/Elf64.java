package dev.rekindle.vmm.abi.boot;

import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.StructLayout;

/** 64-bit ELF; {@code linux/elf.h} v6.1. */
public final class Elf64 {
  /** First four bytes of {@code e_ident}, little-endian: 0x7F "ELF". */
  public static final int ELFMAG = 0x464C_457F;

  /** {@code e_ident[EI_CLASS]}: 64-bit. */
  public static final int ELFCLASS64 = 2;

  /** {@code e_ident[EI_DATA]}: little-endian. */
  public static final int ELFDATA2LSB = 1;

  /** {@code e_machine}: x86-64. */
  public static final int EM_X86_64 = 62;

  /** {@code e_type}: executable. */
  public static final int ET_EXEC = 2;

  /** {@code p_type}: to be loaded. */
  public static final int PT_LOAD = 1;

  /** {@code p_type}: notes. */
  public static final int PT_NOTE = 4;

  /** {@code Elf64_Ehdr}; 64 bytes. */
  public static final StructLayout EHDR =
      structLayout(
          sequenceLayout(16, JAVA_BYTE).withName("e_ident"),
          JAVA_SHORT.withName("e_type"),
          JAVA_SHORT.withName("e_machine"),
          JAVA_INT.withName("e_version"),
          JAVA_LONG.withName("e_entry"),
          JAVA_LONG.withName("e_phoff"),
          JAVA_LONG.withName("e_shoff"),
          JAVA_INT.withName("e_flags"),
          JAVA_SHORT.withName("e_ehsize"),
          JAVA_SHORT.withName("e_phentsize"),
          JAVA_SHORT.withName("e_phnum"),
          JAVA_SHORT.withName("e_shentsize"),
          JAVA_SHORT.withName("e_shnum"),
          JAVA_SHORT.withName("e_shstrndx"));

  /** {@code Elf64_Phdr}; 56 bytes. */
  public static final StructLayout PHDR =
      structLayout(
          JAVA_INT.withName("p_type"),
          JAVA_INT.withName("p_flags"),
          JAVA_LONG.withName("p_offset"),
          JAVA_LONG.withName("p_vaddr"),
          JAVA_LONG.withName("p_paddr"),
          JAVA_LONG.withName("p_filesz"),
          JAVA_LONG.withName("p_memsz"),
          JAVA_LONG.withName("p_align"));

  /** {@code Elf64_Nhdr}; 12 bytes, then the name and the descriptor, each padded to 4. */
  public static final StructLayout NHDR =
      structLayout(
          JAVA_INT.withName("n_namesz"),
          JAVA_INT.withName("n_descsz"),
          JAVA_INT.withName("n_type"));

  private Elf64() {}

  /**
   * @param struct one of the layouts here
   * @param field C name
   * @return its offset, bytes
   */
  public static int offsetOf(StructLayout struct, String field) {
    return (int) struct.byteOffset(PathElement.groupElement(field));
  }
}
