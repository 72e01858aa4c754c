package dev.rekindle.vmm.memory;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Fcntl;
import dev.rekindle.vmm.abi.linux.PageRegion;
import dev.rekindle.vmm.abi.linux.PmScanArg;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * Which pages of guest memory this process has mapped, from {@code /proc/self/pagemap} ({@code
 * Documentation/admin-guide/mm/pagemap.rst}); what is needed of it wants no privilege. A page that
 * a guest maps is mapped here too, since KVM takes it from here. Thread: any; of a guest that runs,
 * a page may come while it is counted.
 */
public final class Pagemap {
  private static final String FILE = "/proc/self/pagemap";
  private static final long PRESENT = 1L << 63;
  private static final long SWAPPED = 1L << 62;

  /** Of a file, or anonymous and shared. */
  private static final long SHARED = 1L << 61;

  private static final int ENTRIES_AT_ONCE = 8192;
  private static final int REGIONS_AT_ONCE = 512;

  private interface Visitor {
    void page(int index, boolean own);
  }

  private Pagemap() {}

  /**
   * @param memory all of a guest's, mapped private; at most 8 TiB
   * @return what is mapped of it
   */
  public static TouchedPages touched(MemorySegment memory) {
    BitSet read = new BitSet();
    BitSet written = new BitSet();
    scan(memory, (index, own) -> (own ? written : read).set(index));
    return new TouchedPages(PageRuns.of(read), PageRuns.of(written));
  }

  /**
   * Counts the pages that are this process's own: written by the guest or its devices, or copied
   * for them. Since Linux 6.7 it costs what is mapped, not what there is.
   *
   * @param memory all of a guest's, mapped private
   * @return pages of 4 KiB
   */
  public static long ownPages(MemorySegment memory) {
    try {
      return ownPagesScanned(memory);
    } catch (ErrnoException e) {
      if (e.errno() != Errno.ENOTTY) {
        throw e;
      }
      return ownPagesRead(memory);
    }
  }

  /** By {@code PAGEMAP_SCAN}. */
  static long ownPagesScanned(MemorySegment memory) {
    try (OwnedFd file = OwnedFd.open(FILE, Fcntl.O_RDONLY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment found = arena.allocate(PageRegion.LAYOUT, REGIONS_AT_ONCE);
      MemorySegment scan = arena.allocate(PmScanArg.LAYOUT);
      scan.set(JAVA_LONG, PmScanArg.SIZE, scan.byteSize());
      scan.set(JAVA_LONG, PmScanArg.VEC, found.address());
      scan.set(JAVA_LONG, PmScanArg.VEC_LEN, REGIONS_AT_ONCE);
      scan.set(JAVA_LONG, PmScanArg.CATEGORY_MASK, PmScanArg.PAGE_IS_FILE);
      scan.set(JAVA_LONG, PmScanArg.CATEGORY_INVERTED, PmScanArg.PAGE_IS_FILE);
      long there = PmScanArg.PAGE_IS_PRESENT | PmScanArg.PAGE_IS_SWAPPED;
      scan.set(JAVA_LONG, PmScanArg.CATEGORY_ANYOF_MASK, there);
      long end = memory.address() + memory.byteSize();
      scan.set(JAVA_LONG, PmScanArg.END, end);
      long bytes = 0;
      for (long at = memory.address(); at < end; at = scan.get(JAVA_LONG, PmScanArg.WALK_END)) {
        scan.set(JAVA_LONG, PmScanArg.START, at);
        int regions = Syscalls.ioctl(file.fd(), PmScanArg.PAGEMAP_SCAN, scan);
        for (int i = 0; i < regions; i++) {
          long region = i * PageRegion.LAYOUT.byteSize();
          bytes += found.get(JAVA_LONG, region + PageRegion.END);
          bytes -= found.get(JAVA_LONG, region + PageRegion.START);
        }
      }
      return bytes / PageRuns.PAGE_BYTES;
    }
  }

  /** By an entry for each page there is. */
  static long ownPagesRead(MemorySegment memory) {
    long[] count = new long[1];
    scan(memory, (_, own) -> count[0] += own ? 1 : 0);
    return count[0];
  }

  private static void scan(MemorySegment memory, Visitor visitor) {
    int pages = Math.toIntExact(memory.byteSize() / PageRuns.PAGE_BYTES);
    long firstEntry = memory.address() / PageRuns.PAGE_BYTES;
    try (OwnedFd file = OwnedFd.open(FILE, Fcntl.O_RDONLY);
        Arena arena = Arena.ofConfined()) {
      MemorySegment entries = arena.allocate(JAVA_LONG, Math.min(pages, ENTRIES_AT_ONCE));
      for (int at = 0; at < pages; ) {
        long wanted = Math.min(entries.byteSize(), (pages - at) * 8L);
        long offset = (firstEntry + at) * 8;
        int got = (int) (Syscalls.pread(file.fd(), entries.asSlice(0, wanted), offset) / 8);
        if (got == 0) {
          throw new IllegalStateException(FILE + " ends before the mapping does");
        }
        for (int i = 0; i < got; i++) {
          long entry = entries.getAtIndex(JAVA_LONG, i);
          if ((entry & (PRESENT | SWAPPED)) != 0) {
            visitor.page(at + i, (entry & SHARED) == 0);
          }
        }
        at += got;
      }
    }
  }
}
