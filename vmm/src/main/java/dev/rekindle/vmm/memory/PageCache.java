package dev.rekindle.vmm.memory;

import dev.rekindle.vmm.sys.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What of a file is in memory. Thread: any. */
public final class PageCache {
  /** Looked at in parts of this size, so that little is mapped at a time. */
  private static final long PART_BYTES = 256L << 20;

  private PageCache() {}

  /**
   * Counts what of a file the page cache has. The kernel tells only who owns the file or may write
   * it; to others all of it is resident. Takes about 10 ms for a GiB that is resident.
   *
   * @param fd open for reading
   * @param bytes of the file, whole pages
   * @return bytes in memory
   * @throws dev.rekindle.vmm.sys.ErrnoException {@code ENOMEM}, {@code ENODEV}
   */
  public static long residentBytes(int fd, long bytes) {
    long resident = 0;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment scratch = arena.allocate(Math.min(bytes, PART_BYTES) / PageRuns.PAGE_BYTES);
      for (long at = 0; at < bytes; at += PART_BYTES) {
        long length = Math.min(PART_BYTES, bytes - at);
        try (Mapping part = Mapping.filePrivate(fd, at, length)) {
          resident += part.residentPages(0, length, scratch);
        }
      }
    }
    return resident * PageRuns.PAGE_BYTES;
  }
}
