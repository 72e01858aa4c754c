package dev.rekindle.vmm.boot;

import static dev.rekindle.vmm.abi.boot.Elf64.EHDR;
import static dev.rekindle.vmm.abi.boot.Elf64.PHDR;
import static dev.rekindle.vmm.abi.boot.Elf64.offsetOf;

import dev.rekindle.vmm.abi.boot.Elf64;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;

/**
 * Loads an uncompressed {@code vmlinux}. Entered by PVH if it has the note, else at {@code
 * e_entry}, which for Linux is {@code startup_64}'s physical address.
 */
final class ElfLoader {
  /** More program headers than any kernel has; caps the work on garbage. */
  private static final int MAX_PROGRAM_HEADERS = 256;

  /** COMMAND_LINE_SIZE of Linux on x86, without the NUL: ELF has no field that says it. */
  private static final int COMMAND_LINE_MAX_BYTES = 2047;

  /** A loadable segment, checked: within the file, within low RAM from 1 MiB on. */
  private record Segment(long fileOffset, long gpa, long vaddr, long fileBytes, long memoryBytes) {
    long endGpa() {
      return gpa + memoryBytes;
    }
  }

  private ElfLoader() {}

  static LoadedKernel load(BootFile file, byte[] start, GuestMemory memory) {
    checkIdentity(file, start);
    byte[] table = programHeaders(file, start);
    long lowRamEnd = KernelLoader.lowRamEnd(memory);
    List<Segment> segments = new ArrayList<>();
    OptionalLong pvhEntry = OptionalLong.empty();
    for (int at = 0; at < table.length; at += (int) PHDR.byteSize()) {
      long type = LittleEndian.u32(table, at + offsetOf(PHDR, "p_type"));
      if (type == Elf64.PT_LOAD) {
        Segment segment = segment(file, table, at, lowRamEnd);
        if (segment.memoryBytes() > 0) {
          segments.add(segment);
        }
      } else if (type == Elf64.PT_NOTE && pvhEntry.isEmpty()) {
        pvhEntry = ElfNotes.pvhEntry(file, table, at);
      }
    }
    segments.sort(Comparator.comparingLong(Segment::gpa));
    checkDisjoint(file, segments);
    long entry = pvhEntry.orElse(LittleEndian.i64(start, offsetOf(EHDR, "e_entry")));
    long entryGpa = entryGpa(file, segments, entry);
    for (Segment s : segments) {
      file.readInto(s.fileOffset(), memory, s.gpa(), s.fileBytes());
      memory.slice(s.gpa() + s.fileBytes(), s.memoryBytes() - s.fileBytes()).fill((byte) 0);
    }
    return new LoadedKernel(
        pvhEntry.isPresent() ? BootProtocol.PVH : BootProtocol.LINUX_64,
        entryGpa,
        segments.getLast().endGpa(),
        Math.min(lowRamEnd, 1L << 31),
        COMMAND_LINE_MAX_BYTES,
        SetupHeaderBytes.minimal());
  }

  private static void checkIdentity(BootFile file, byte[] start) {
    if (start.length < EHDR.byteSize()) {
      throw truncated(file, "ends inside its ELF header");
    }
    if (start[4] != Elf64.ELFCLASS64
        || start[5] != Elf64.ELFDATA2LSB
        || LittleEndian.u16(start, offsetOf(EHDR, "e_machine")) != Elf64.EM_X86_64) {
      throw new BootException(
          BootErrorCode.KERNEL_UNSUPPORTED, file.path() + " is ELF, but not for x86-64");
    }
    int type = LittleEndian.u16(start, offsetOf(EHDR, "e_type"));
    if (type != Elf64.ET_EXEC) {
      throw new BootException(
          BootErrorCode.KERNEL_UNSUPPORTED,
          "%s is ELF of type %d, not a kernel's (2)".formatted(file.path(), type));
    }
  }

  private static byte[] programHeaders(BootFile file, byte[] start) {
    int entryBytes = LittleEndian.u16(start, offsetOf(EHDR, "e_phentsize"));
    int count = LittleEndian.u16(start, offsetOf(EHDR, "e_phnum"));
    long offset = LittleEndian.i64(start, offsetOf(EHDR, "e_phoff"));
    if (entryBytes != PHDR.byteSize() || count == 0 || count > MAX_PROGRAM_HEADERS) {
      throw malformed(file, "%d program headers of %d bytes".formatted(count, entryBytes));
    }
    long bytes = (long) count * entryBytes;
    if (offset < 0 || offset > file.sizeBytes() || bytes > file.sizeBytes() - offset) {
      throw truncated(file, "ends before its program headers at " + offset);
    }
    return file.read(offset, (int) bytes);
  }

  private static Segment segment(BootFile file, byte[] table, int at, long lowRamEnd) {
    Segment s =
        new Segment(
            LittleEndian.i64(table, at + offsetOf(PHDR, "p_offset")),
            LittleEndian.i64(table, at + offsetOf(PHDR, "p_paddr")),
            LittleEndian.i64(table, at + offsetOf(PHDR, "p_vaddr")),
            LittleEndian.i64(table, at + offsetOf(PHDR, "p_filesz")),
            LittleEndian.i64(table, at + offsetOf(PHDR, "p_memsz")));
    if (s.fileBytes() < 0 || s.memoryBytes() < s.fileBytes()) {
      throw malformed(file, "a segment with " + s);
    }
    if (s.memoryBytes() == 0) {
      return s;
    }
    if (s.fileOffset() < 0
        || s.fileOffset() > file.sizeBytes()
        || s.fileBytes() > file.sizeBytes() - s.fileOffset()) {
      throw truncated(file, "ends inside " + s);
    }
    if (s.gpa() < AddressMap.KERNEL) {
      // Below lie the zero page, the command line, ACPI: a kernel there would overwrite them.
      throw malformed(file, "loads below 1 MiB: " + s);
    }
    if (s.gpa() > lowRamEnd || s.memoryBytes() > lowRamEnd - s.gpa()) {
      throw new BootException(
          BootErrorCode.KERNEL_TOO_LARGE,
          "%s: %s, there is memory up to 0x%x".formatted(file.path(), s, lowRamEnd));
    }
    return s;
  }

  private static void checkDisjoint(BootFile file, List<Segment> segments) {
    if (segments.isEmpty()) {
      throw malformed(file, "nothing to load");
    }
    for (int i = 1; i < segments.size(); i++) {
      if (segments.get(i).gpa() < segments.get(i - 1).endGpa()) {
        throw malformed(file, segments.get(i - 1) + " overlaps " + segments.get(i));
      }
    }
  }

  private static long entryGpa(BootFile file, List<Segment> segments, long entry) {
    for (Segment s : segments) {
      if (entry >= s.gpa() && entry < s.endGpa()) {
        return entry;
      }
    }
    // Linkers that know no physical entry put the virtual one into e_entry.
    for (Segment s : segments) {
      long into = entry - s.vaddr();
      if (into >= 0 && into < s.memoryBytes()) {
        return s.gpa() + into;
      }
    }
    throw malformed(file, "the entry 0x%x lies in no segment".formatted(entry));
  }

  private static BootException malformed(BootFile file, String what) {
    return new BootException(BootErrorCode.KERNEL_MALFORMED, file.path() + ": " + what);
  }

  private static BootException truncated(BootFile file, String what) {
    return new BootException(BootErrorCode.KERNEL_TRUNCATED, file.path() + " " + what);
  }
}
