package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.format.HugePages;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.machine.MemorySource;
import dev.rekindle.vmm.memory.HugePageSupport;
import dev.rekindle.vmm.memory.PageCache;
import dev.rekindle.vmm.memory.PageRuns;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * A snapshot's memory file, and what is made of it once for restores in huge pages. Owns both.
 * Thread: any; immutable.
 */
final class SnapshotMemory implements AutoCloseable {
  private static final int SEEK_END = 2;
  private static final int SEEK_DATA = 3;
  private static final int SEEK_HOLE = 4;

  /** {@code SEEK_DATA} behind the last data. */
  private static final int ENXIO = 6;

  private final OwnedFd file;
  private final long bytes;
  private final MemorySource source;
  private final OwnedFd huge;

  private SnapshotMemory(OwnedFd file, long bytes, MemorySource source, OwnedFd huge) {
    this.file = file;
    this.bytes = bytes;
    this.source = source;
    this.huge = huge;
  }

  /**
   * @param file verified; this object's if this returns
   * @param bytes of it
   * @param pages how restores shall have it
   * @throws SnapshotException {@code no_huge_pages}, {@code io}
   */
  static SnapshotMemory of(OwnedFd file, long bytes, HugePages pages) throws SnapshotException {
    try {
      return switch (pages) {
        case NONE -> new SnapshotMemory(file, bytes, new MemorySource.CopyOnWrite(file.fd()), null);
        case TRANSPARENT ->
            new SnapshotMemory(
                file, bytes, new MemorySource.Copied(file.fd(), data(file, bytes)), null);
        case HUGETLBFS -> {
          OwnedFd huge = hugeCopy(file, bytes);
          yield new SnapshotMemory(file, bytes, new MemorySource.Huge(huge.fd()), huge);
        }
      };
    } catch (ErrnoException e) {
      throw new SnapshotException(SnapshotError.IO, "memory.bin: " + e.getMessage(), e);
    }
  }

  /**
   * The file was compared with its checksums when it was opened; shorter it would end the guest at
   * a page that it lacks. A copy in huge pages is whole whatever became of the file.
   *
   * @throws SnapshotException {@code truncated}
   */
  void requireWhole() throws SnapshotException {
    long there = huge == null ? Syscalls.lseek(file.fd(), 0, SEEK_END) : bytes;
    if (there < bytes) {
      throw new SnapshotException(
          SnapshotError.TRUNCATED,
          "memory.bin has become shorter: " + there + " of " + bytes + " bytes");
    }
  }

  /** The pages that are in no hole. */
  static PageRuns data(OwnedFd file, long bytes) {
    List<Long> bounds = new ArrayList<>();
    for (long at = 0; at < bytes; ) {
      long from = seek(file, at, SEEK_DATA, bytes) / PageRuns.PAGE_BYTES;
      if (from * PageRuns.PAGE_BYTES >= bytes) {
        break;
      }
      long end = seek(file, from * PageRuns.PAGE_BYTES, SEEK_HOLE, bytes);
      long to = (Math.min(end, bytes) + PageRuns.PAGE_BYTES - 1) / PageRuns.PAGE_BYTES;
      bounds.add(from);
      bounds.add(to);
      at = to * PageRuns.PAGE_BYTES;
    }
    return PageRuns.of(bounds.stream().mapToLong(Long::longValue).toArray());
  }

  private static long seek(OwnedFd file, long at, int whence, long bytes) {
    try {
      return Syscalls.lseek(file.fd(), at, whence);
    } catch (ErrnoException e) {
      if (e.errno() == ENXIO) {
        return bytes;
      }
      // A file system without holes: everything is data.
      return whence == SEEK_DATA ? at : bytes;
    }
  }

  /** Only the huge pages that have data are taken: what is a hole here is one there. */
  private static OwnedFd hugeCopy(OwnedFd file, long bytes) throws SnapshotException {
    OwnedFd huge = null;
    try {
      huge = OwnedFd.hugeMemory("snapshot", bytes);
      PageRuns data = data(file, bytes);
      long copied = 0;
      for (int run = 0; run < data.runs(); run++) {
        long from = Math.max(copied, data.first(run) * PageRuns.PAGE_BYTES);
        long page = from & -Mapping.HUGE_PAGE_BYTES;
        for (; page < data.end(run) * PageRuns.PAGE_BYTES; page += Mapping.HUGE_PAGE_BYTES) {
          if (page >= copied) {
            copyHugePage(file, huge, page);
            copied = page + Mapping.HUGE_PAGE_BYTES;
          }
        }
      }
      return huge;
    } catch (ErrnoException e) {
      if (huge != null) {
        huge.close();
      }
      throw e.errno() == Errno.EIO
          ? new SnapshotException(SnapshotError.IO, "memory.bin: " + e.getMessage(), e)
          : new SnapshotException(
              SnapshotError.NO_HUGE_PAGES,
              "this host has "
                  + HugePageSupport.free()
                  + " free of "
                  + HugePageSupport.reserved()
                  + " pages of 2 MiB, too few for the snapshot's memory ("
                  + e.getMessage()
                  + "): raise vm.nr_hugepages",
              e);
    }
  }

  private static void copyHugePage(OwnedFd file, OwnedFd huge, long at) {
    try (Mapping page = Mapping.fileShared(huge.fd(), at, Mapping.HUGE_PAGE_BYTES)) {
      MemorySegment target = page.segment();
      for (long done = 0; done < target.byteSize(); ) {
        long count = Syscalls.pread(file.fd(), target.asSlice(done), at + done);
        if (count == 0) {
          throw new ErrnoException("pread", Errno.EIO, "it ends at " + (at + done));
        }
        done += count;
      }
    }
  }

  MemorySource source() {
    return source;
  }

  /** All of the memory file, resident or not. */
  long bytes() {
    return bytes;
  }

  /** What of it is in the page cache now; empty where the kernel does not tell this process. */
  OptionalLong residentBytes() {
    return PageCache.residentBytes(file.fd(), bytes);
  }

  @Override
  public void close() {
    if (huge != null) {
      huge.close();
    }
    file.close();
  }
}
