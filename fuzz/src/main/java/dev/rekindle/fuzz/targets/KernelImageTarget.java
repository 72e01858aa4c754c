package dev.rekindle.fuzz.targets;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import dev.rekindle.vmm.abi.boot.Elf64;
import dev.rekindle.vmm.abi.boot.HvmStartInfo;
import dev.rekindle.vmm.abi.boot.SetupHeader;
import dev.rekindle.vmm.boot.BootException;
import dev.rekindle.vmm.boot.KernelLoader;
import dev.rekindle.vmm.boot.LoadedKernel;
import dev.rekindle.vmm.memory.GuestMemory;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Kernel files: bzImage, ELF, ELF with a PVH note. */
public final class KernelImageTarget implements FuzzTarget {
  private static final int MEMORY_BYTES = 32 << 20;
  private static final int PHDR_AT = 64;
  private static final int PHDR_BYTES = 56;

  private final GuestMemory memory = GuestMemory.allocate(MEMORY_BYTES, Arena.global());
  private Path file;

  @Override
  public String name() {
    return "kernel-image";
  }

  @Override
  public void run(byte[] input) throws IOException {
    if (file == null) {
      file = Files.createTempFile("rekindle-fuzz-kernel", "");
      file.toFile().deleteOnExit();
    }
    Files.write(file, input);
    try {
      LoadedKernel kernel = KernelLoader.load(file, memory);
      if (kernel.endGpa() < 0x10_0000
          || kernel.endGpa() > MEMORY_BYTES
          || kernel.initramfsLimitGpa() > MEMORY_BYTES) {
        throw new AssertionError("loaded to " + kernel);
      }
    } catch (BootException e) {
      Refusal.check(e.code(), e);
    }
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(bzImage(), elf(false), elf(true));
  }

  private static byte[] bzImage() {
    int codeBytes = 2048;
    ByteBuffer b = ByteBuffer.allocate(1024 + codeBytes).order(ByteOrder.LITTLE_ENDIAN);
    b.put(header("setup_sects"), (byte) 1);
    b.putInt(header("syssize"), codeBytes / 16);
    b.putShort(header("boot_flag"), (short) SetupHeader.BOOT_FLAG_MAGIC);
    b.put(SetupHeader.LENGTH_OFFSET, (byte) (0x26C - SetupHeader.LENGTH_BASE));
    b.putInt(header("header"), SetupHeader.HEADER_MAGIC);
    b.putShort(header("version"), (short) 0x20F);
    b.put(header("loadflags"), (byte) SetupHeader.LOADED_HIGH);
    b.putInt(header("initrd_addr_max"), 0x7FFF_FFFF);
    b.putInt(header("kernel_alignment"), 0x20_0000);
    b.put(header("relocatable_kernel"), (byte) 1);
    b.putShort(header("xloadflags"), (short) 0x7F);
    b.putInt(header("cmdline_size"), 2047);
    b.putLong(header("pref_address"), 0x100_0000);
    b.putInt(header("init_size"), 0x80_0000);
    return b.array();
  }

  private static int header(String field) {
    return SetupHeader.FILE_OFFSET + SetupHeader.offsetOf(field);
  }

  private static byte[] elf(boolean pvh) {
    int dataAt = PHDR_AT + 3 * PHDR_BYTES;
    ByteBuffer b = ByteBuffer.allocate(dataAt + 96).order(ByteOrder.LITTLE_ENDIAN);
    b.putInt(0, Elf64.ELFMAG).put(4, (byte) Elf64.ELFCLASS64).put(5, (byte) Elf64.ELFDATA2LSB);
    b.putShort(ehdr("e_type"), (short) Elf64.ET_EXEC);
    b.putShort(ehdr("e_machine"), (short) Elf64.EM_X86_64);
    b.putLong(ehdr("e_entry"), 0x100_0000);
    b.putLong(ehdr("e_phoff"), PHDR_AT);
    b.putShort(ehdr("e_phentsize"), (short) PHDR_BYTES);
    b.putShort(ehdr("e_phnum"), (short) 3);
    segment(b, 0, Elf64.PT_LOAD, dataAt, 0x100_0000, 48);
    segment(b, 1, Elf64.PT_LOAD, dataAt + 8, 0x120_0000, 8);
    segment(b, 2, pvh ? Elf64.PT_NOTE : 0, dataAt + 48, 0, 40);
    int note = dataAt + 48;
    b.putInt(note, 4).putInt(note + 4, 4).putInt(note + 8, 3);
    b.put(note + 12, "GNU\0".getBytes(StandardCharsets.US_ASCII));
    b.putInt(note + 20, 4).putInt(note + 24, 4);
    b.putInt(note + 28, HvmStartInfo.XEN_ELFNOTE_PHYS32_ENTRY);
    b.put(note + 32, "Xen\0".getBytes(StandardCharsets.US_ASCII));
    b.putInt(note + 36, 0x100_0020);
    return b.array();
  }

  private static int ehdr(String field) {
    return Elf64.offsetOf(Elf64.EHDR, field);
  }

  private static void segment(ByteBuffer b, int index, int type, int offset, long gpa, int bytes) {
    int at = PHDR_AT + index * PHDR_BYTES;
    b.putInt(at + Elf64.offsetOf(Elf64.PHDR, "p_type"), type);
    b.putLong(at + Elf64.offsetOf(Elf64.PHDR, "p_offset"), offset);
    b.putLong(at + Elf64.offsetOf(Elf64.PHDR, "p_paddr"), gpa);
    b.putLong(at + Elf64.offsetOf(Elf64.PHDR, "p_filesz"), bytes);
    b.putLong(at + Elf64.offsetOf(Elf64.PHDR, "p_memsz"), bytes == 8 ? 0x3000 : bytes);
  }
}
