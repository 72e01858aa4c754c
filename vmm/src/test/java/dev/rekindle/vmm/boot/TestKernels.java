package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.abi.boot.Elf64;
import dev.rekindle.vmm.abi.boot.HvmStartInfo;
import dev.rekindle.vmm.abi.boot.SetupHeader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Kernel files of a few pages: right in every header, without any code. */
final class TestKernels {
  static final int SETUP_SECTS = 3;
  static final int CODE_OFFSET = (SETUP_SECTS + 1) * 512;
  static final int CODE_BYTES = 8192;
  static final long PREF_ADDRESS = 0x100_0000;
  static final int INIT_SIZE = 0x80_0000;

  private TestKernels() {}

  /** A bzImage whose code byte {@code i} is {@code i * 7}. */
  static ByteBuffer bzImage() {
    ByteBuffer b = ByteBuffer.allocate(CODE_OFFSET + CODE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < CODE_BYTES; i++) {
      b.put(CODE_OFFSET + i, (byte) (i * 7));
    }
    // Bytes that a loader must not copy: the sector before the header and the padding behind it.
    for (int i = 0; i < SetupHeader.FILE_OFFSET; i++) {
      b.put(i, (byte) 0xEE);
    }
    b.put(0x1EF, (byte) 0xFF);
    b.put(header("setup_sects"), (byte) SETUP_SECTS);
    b.putInt(header("syssize"), CODE_BYTES / 16);
    b.putShort(header("boot_flag"), (short) SetupHeader.BOOT_FLAG_MAGIC);
    b.put(SetupHeader.LENGTH_OFFSET, (byte) (0x26C - SetupHeader.LENGTH_BASE));
    b.putInt(header("header"), SetupHeader.HEADER_MAGIC);
    b.putShort(header("version"), (short) 0x20F);
    b.put(header("loadflags"), (byte) SetupHeader.LOADED_HIGH);
    b.putInt(header("code32_start"), 0x10_0000);
    b.putInt(header("initrd_addr_max"), 0x7FFF_FFFF);
    b.putInt(header("kernel_alignment"), 0x20_0000);
    b.put(header("relocatable_kernel"), (byte) 1);
    b.putShort(header("xloadflags"), (short) 0x7F);
    b.putInt(header("cmdline_size"), 2047);
    b.putLong(header("pref_address"), PREF_ADDRESS);
    b.putInt(header("init_size"), INIT_SIZE);
    b.putInt(header("kernel_info_offset"), 0x1234);
    return b;
  }

  static int header(String field) {
    return SetupHeader.FILE_OFFSET + SetupHeader.offsetOf(field);
  }

  /** A loadable segment of {@link #elf}. */
  record Load(long gpa, long vaddr, int fileBytes, long memoryBytes) {}

  /** An ELF kernel; {@code pvhEntry} 0 leaves the note out. Segment bytes are 0xC0 + index. */
  static ByteBuffer elf(long entry, long pvhEntry, List<Load> loads) {
    int count = loads.size() + (pvhEntry == 0 ? 0 : 1);
    int dataOffset = 64 + 56 * count;
    int noteBytes = pvhEntry == 0 ? 0 : 12 + 4 + 4 + 12 + 4 + 4;
    int total = dataOffset + noteBytes + loads.stream().mapToInt(Load::fileBytes).sum();
    ByteBuffer b = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(0, Elf64.ELFMAG).put(4, (byte) Elf64.ELFCLASS64).put(5, (byte) Elf64.ELFDATA2LSB);
    b.putShort(ehdr("e_type"), (short) Elf64.ET_EXEC);
    b.putShort(ehdr("e_machine"), (short) Elf64.EM_X86_64);
    b.putLong(ehdr("e_entry"), entry);
    b.putLong(ehdr("e_phoff"), 64);
    b.putShort(ehdr("e_phentsize"), (short) 56);
    b.putShort(ehdr("e_phnum"), (short) count);
    int at = dataOffset;
    for (int i = 0; i < loads.size(); i++) {
      Load load = loads.get(i);
      phdr(b, i, Elf64.PT_LOAD, at, load);
      for (int k = 0; k < load.fileBytes(); k++) {
        b.put(at + k, (byte) (0xC0 + i));
      }
      at += load.fileBytes();
    }
    if (pvhEntry != 0) {
      phdr(b, loads.size(), Elf64.PT_NOTE, at, new Load(0, 0, noteBytes, noteBytes));
      note(b, at, "GNU\0", 3, 0xDEAD);
      note(b, at + 20, "Xen\0", HvmStartInfo.XEN_ELFNOTE_PHYS32_ENTRY, (int) pvhEntry);
    }
    return b;
  }

  static int ehdr(String field) {
    return Elf64.offsetOf(Elf64.EHDR, field);
  }

  static int phdr(int index, String field) {
    return 64 + 56 * index + Elf64.offsetOf(Elf64.PHDR, field);
  }

  private static void phdr(ByteBuffer b, int index, int type, int offset, Load load) {
    b.putInt(phdr(index, "p_type"), type);
    b.putLong(phdr(index, "p_offset"), offset);
    b.putLong(phdr(index, "p_vaddr"), load.vaddr());
    b.putLong(phdr(index, "p_paddr"), load.gpa());
    b.putLong(phdr(index, "p_filesz"), load.fileBytes());
    b.putLong(phdr(index, "p_memsz"), load.memoryBytes());
  }

  private static void note(ByteBuffer b, int at, String name, int type, int value) {
    b.putInt(at, 4).putInt(at + 4, 4).putInt(at + 8, type);
    b.put(at + 12, name.getBytes(StandardCharsets.US_ASCII));
    b.putInt(at + 16, value);
  }
}
