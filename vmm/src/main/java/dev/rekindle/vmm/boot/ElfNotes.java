package dev.rekindle.vmm.boot;

import static dev.rekindle.vmm.abi.boot.Elf64.NHDR;
import static dev.rekindle.vmm.abi.boot.Elf64.PHDR;
import static dev.rekindle.vmm.abi.boot.Elf64.offsetOf;

import dev.rekindle.vmm.abi.boot.HvmStartInfo;
import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/** The notes of an ELF file. */
final class ElfNotes {
  /** More bytes of notes than any kernel has; the rest is not looked at. */
  private static final int MAX_BYTES = 1 << 20;

  private ElfNotes() {}

  /**
   * The 32-bit PVH entry of a note segment.
   *
   * @param table program headers
   * @param at the note segment's, in the table
   * @return physical address; empty if there is no such note or the segment is no list of notes:
   *     the kernel may still have a 64-bit entry
   */
  static OptionalLong pvhEntry(BootFile file, byte[] table, int at) {
    long offset = LittleEndian.i64(table, at + offsetOf(PHDR, "p_offset"));
    long bytes = LittleEndian.i64(table, at + offsetOf(PHDR, "p_filesz"));
    if (offset < 0 || bytes <= 0 || offset > file.sizeBytes()) {
      return OptionalLong.empty();
    }
    byte[] notes = file.read(offset, (int) Math.min(bytes, MAX_BYTES));
    byte[] name = (HvmStartInfo.NOTE_NAME + "\0").getBytes(StandardCharsets.US_ASCII);
    long position = 0;
    while (position + NHDR.byteSize() <= notes.length) {
      int head = (int) position;
      long nameBytes = LittleEndian.u32(notes, head + offsetOf(NHDR, "n_namesz"));
      long descBytes = LittleEndian.u32(notes, head + offsetOf(NHDR, "n_descsz"));
      long type = LittleEndian.u32(notes, head + offsetOf(NHDR, "n_type"));
      long nameAt = position + NHDR.byteSize();
      long descAt = nameAt + padded(nameBytes);
      if (descAt + descBytes > notes.length) {
        return OptionalLong.empty();
      }
      if (type == HvmStartInfo.XEN_ELFNOTE_PHYS32_ENTRY
          && descBytes >= 4
          && matches(notes, (int) nameAt, nameBytes, name)) {
        return OptionalLong.of(LittleEndian.u32(notes, (int) descAt));
      }
      position = descAt + padded(descBytes);
    }
    return OptionalLong.empty();
  }

  private static boolean matches(byte[] notes, int at, long length, byte[] name) {
    if (length != name.length) {
      return false;
    }
    for (int i = 0; i < name.length; i++) {
      if (notes[at + i] != name[i]) {
        return false;
      }
    }
    return true;
  }

  private static long padded(long bytes) {
    return (bytes + 3) & ~3L;
  }
}
