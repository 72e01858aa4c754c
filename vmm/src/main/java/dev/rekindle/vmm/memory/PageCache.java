package dev.rekindle.vmm.memory;

import dev.rekindle.vmm.sys.Mapping;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What of a file is in memory. Thread: any. */
public final class PageCache {
  /** Looked at in parts of this size, so that little is mapped at a time. */
  private static final long PART_BYTES = 256L << 20;

  private PageCache() {}

  /**
   * Counts what of a file the page cache has. The kernel tells only who owns the file or may write
   * it; to others it says that all of it is there. Takes tens of milliseconds for a GiB.
   *
   * @param fd open for reading
   * @param bytes of the file, whole pages
   * @return bytes in memory; empty where the kernel does not tell this process
   * @throws dev.rekindle.vmm.sys.ErrnoException {@code ENOMEM}, {@code ENODEV}
   */
  public static OptionalLong residentBytes(int fd, long bytes) {
    if (!isTold(Path.of("/proc/self/fd", Integer.toString(fd)))) {
      return OptionalLong.empty();
    }
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
    return OptionalLong.of(resident * PageRuns.PAGE_BYTES);
  }

  private static boolean isTold(Path file) {
    try {
      Object self = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
      return Files.getAttribute(file, "unix:uid").equals(self) || Files.isWritable(file);
    } catch (IOException e) {
      return false;
    }
  }
}
