package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.abi.kvm.KvmPreFaultMemory;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.memory.MemoryRegion;
import dev.rekindle.vmm.memory.PageRuns;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Pages that a guest is known to need, to be had before it asks for them one by one.
 *
 * @param read mapped from the snapshot's file, which may have to be read from disk
 * @param written copied
 * @param intoGuest whether KVM maps them too, where it can (Linux 6.11), so that the guest does not
 *     fault on them at all
 */
public record Prefetch(PageRuns read, PageRuns written, boolean intoGuest) {
  /** Nothing. */
  public static final Prefetch NONE = new Prefetch(PageRuns.NONE, PageRuns.NONE, false);

  /**
   * @return all pages
   */
  public long pages() {
    return read.pages() + written.pages();
  }

  /**
   * @return bytes of all pages
   */
  public long bytes() {
    return pages() * PageRuns.PAGE_BYTES;
  }

  /** Does it; pages must lie in the shell's memory. */
  void into(Shell shell) {
    if (pages() == 0) {
      return;
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment argument = arena.allocate(KvmPreFaultMemory.LAYOUT);
      for (MemoryRegion region : shell.memory().regions()) {
        each(
            read,
            region,
            (at, bytes) -> {
              // KVM takes pages from this process, which maps them for that.
              if (!mapIntoGuest(shell, region, at, bytes, argument)) {
                shell.ram().populate(at, bytes, false);
              }
            });
        each(
            written,
            region,
            (at, bytes) -> {
              shell.ram().populate(at, bytes, true);
              mapIntoGuest(shell, region, at, bytes, argument);
            });
      }
    }
  }

  private boolean mapIntoGuest(
      Shell shell, MemoryRegion region, long at, long bytes, MemorySegment argument) {
    KvmVcpu first = shell.vcpus().getFirst();
    return intoGuest && first.preFault(region.gpa() + at - region.fileOffset(), bytes, argument);
  }

  private interface Part {
    void at(long offset, long bytes);
  }

  private static void each(PageRuns pages, MemoryRegion region, Part part) {
    for (int run = 0; run < pages.runs(); run++) {
      long from = Math.max(pages.first(run) * PageRuns.PAGE_BYTES, region.fileOffset());
      long to =
          Math.min(pages.end(run) * PageRuns.PAGE_BYTES, region.fileOffset() + region.sizeBytes());
      if (from < to) {
        part.at(from, to - from);
      }
    }
  }
}
