package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.memory.HugePageSupport;
import dev.rekindle.vmm.memory.PageRuns;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.MemorySegment;

/** Where a restored guest's memory comes from. Its file stays the caller's. */
public sealed interface MemorySource {
  /**
   * Pages of 4 KiB, copied when they are written: one {@code mmap}, nothing read ahead.
   *
   * @param file the snapshot's memory, open for reading
   */
  record CopyOnWrite(int file) implements MemorySource {}

  /**
   * Copied at the restore into memory that asks for transparent huge pages. Such pages cannot be
   * copied on write from a file, so nothing is shared, and nothing is left to copy.
   *
   * @param file the snapshot's memory, open for reading
   * @param data the pages of it that are no hole
   */
  record Copied(int file, PageRuns data) implements MemorySource {}

  /**
   * Reserved pages of 2 MiB, copied when they are written.
   *
   * @param file as large as the guest's memory, of {@link dev.rekindle.vmm.sys.OwnedFd#hugeMemory}
   */
  record Huge(int file) implements MemorySource {}

  /**
   * Replaces a shell's memory.
   *
   * @param ram all of it
   * @param bytes its size
   * @throws MachineException {@code machine.no_huge_pages}
   * @throws ErrnoException {@code ENOMEM}, {@code EIO}
   */
  default void map(Mapping ram, long bytes) {
    switch (this) {
      case CopyOnWrite(int file) -> ram.remapPrivate(0, bytes, file, 0);
      case Copied(int file, PageRuns data) -> {
        ram.remapAnonymous(0, bytes);
        ram.adviseHugePages(0, bytes);
        for (int run = 0; run < data.runs(); run++) {
          long at = data.first(run) * PageRuns.PAGE_BYTES;
          read(file, ram.segment().asSlice(at, data.end(run) * PageRuns.PAGE_BYTES - at), at);
        }
      }
      case Huge(int file) -> mapHuge(ram, bytes, file);
    }
  }

  private static void mapHuge(Mapping ram, long bytes, int file) {
    try {
      ram.remapHuge(file);
    } catch (ErrnoException e) {
      if (e.errno() != Errno.ENOMEM) {
        throw e;
      }
      throw new MachineException(
          "machine.no_huge_pages",
          "a guest of "
              + (bytes >> 20)
              + " MiB needs "
              + bytes / Mapping.HUGE_PAGE_BYTES
              + " pages of 2 MiB, this host has "
              + HugePageSupport.free()
              + " free of "
              + HugePageSupport.reserved()
              + ", some perhaps promised: raise vm.nr_hugepages",
          e);
    }
  }

  private static void read(int file, MemorySegment target, long offset) {
    for (long done = 0; done < target.byteSize(); ) {
      long count = Syscalls.pread(file, target.asSlice(done), offset + done);
      if (count == 0) {
        throw new ErrnoException("pread", Errno.EIO, "memory ends at " + (offset + done));
      }
      done += count;
    }
  }
}
