package dev.rekindle.vmm.sys;

import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Mman;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A memory mapping with one owner. After {@link #close()} its segment refuses every access from
 * Java; what the kernel still holds of it (a KVM memory slot) must be gone before.
 */
public final class Mapping implements AutoCloseable {
  private static final long PAGE_BYTES = 4096;

  /** Size of a huge page. */
  public static final long HUGE_PAGE_BYTES = 2L << 20;

  private final Arena arena = Arena.ofShared();
  private final long address;
  private final long bytes;
  private final MemorySegment segment;
  private boolean closed;

  private Mapping(long address, long bytes) {
    this.address = address;
    this.bytes = bytes;
    this.segment = Syscalls.segmentAt(address, bytes, arena);
  }

  /**
   * Zeroed private memory, without a reservation of swap.
   *
   * @param bytes a multiple of the page size
   * @return the mapping
   * @throws ErrnoException {@code ENOMEM}
   */
  public static Mapping anonymous(long bytes) {
    int flags = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE;
    return map(bytes, flags, -1, 0);
  }

  /**
   * As {@link #anonymous}, at an address that huge pages fit.
   *
   * @param bytes a multiple of the page size
   * @return the mapping; its address is a multiple of 2 MiB
   * @throws ErrnoException {@code ENOMEM}
   */
  public static Mapping anonymousAligned(long bytes) {
    Mapping first = anonymous(bytes);
    if (first.address % HUGE_PAGE_BYTES == 0) {
      return first;
    }
    first.close();
    // Linux before 6.7 aligns nothing: more than is needed, and the ends given back.
    int flags = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE;
    int prot = Mman.PROT_READ | Mman.PROT_WRITE;
    long wide = Syscalls.mmap(0, bytes + HUGE_PAGE_BYTES, prot, flags, -1, 0);
    long address = (wide + HUGE_PAGE_BYTES - 1) & -HUGE_PAGE_BYTES;
    if (address > wide) {
      Syscalls.munmap(wide, address - wide);
    }
    Syscalls.munmap(address + bytes, wide + HUGE_PAGE_BYTES - address);
    return new Mapping(address, bytes);
  }

  /**
   * A file's pages, shared with every other mapping of it.
   *
   * @param fd open for reading and writing
   * @param offset a multiple of the page size
   * @param bytes a multiple of the page size
   * @return the mapping
   * @throws ErrnoException {@code EACCES}, {@code ENOMEM}
   */
  public static Mapping fileShared(int fd, long offset, long bytes) {
    return map(bytes, Mman.MAP_SHARED, fd, offset);
  }

  /**
   * A file's pages, copied on write; the descriptor may be read-only.
   *
   * @param fd open for reading
   * @param offset a multiple of the page size
   * @param bytes a multiple of the page size
   * @return the mapping
   * @throws ErrnoException {@code EACCES}, {@code ENOMEM}
   */
  public static Mapping filePrivate(int fd, long offset, long bytes) {
    return map(bytes, Mman.MAP_PRIVATE | Mman.MAP_NORESERVE, fd, offset);
  }

  private static Mapping map(long bytes, int flags, int fd, long offset) {
    long address = Syscalls.mmap(0, bytes, Mman.PROT_READ | Mman.PROT_WRITE, flags, fd, offset);
    return new Mapping(address, bytes);
  }

  /**
   * @return the mapped bytes; valid until {@link #close()}
   */
  public MemorySegment segment() {
    return segment;
  }

  /**
   * Replaces a part of this mapping by copy-on-write pages of a file, at the same addresses: what
   * was written there is gone.
   *
   * @param at offset in this mapping, page-aligned
   * @param length bytes, page-aligned
   * @param fd open for reading
   * @param fileOffset page-aligned
   * @throws ErrnoException {@code ENOMEM}, {@code EBADF}
   */
  public void remapPrivate(long at, long length, int fd, long fileOffset) {
    checkRange(at, length);
    int flags = Mman.MAP_PRIVATE | Mman.MAP_FIXED | Mman.MAP_NORESERVE;
    remap(at, length, flags, fd, fileOffset);
  }

  /**
   * Replaces a part of this mapping by zeroed private memory, at the same addresses.
   *
   * @param at offset in this mapping, page-aligned
   * @param length bytes, page-aligned
   * @throws ErrnoException {@code ENOMEM}
   */
  public void remapAnonymous(long at, long length) {
    checkRange(at, length);
    int flags = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_FIXED | Mman.MAP_NORESERVE;
    remap(at, length, flags, -1, 0);
  }

  /**
   * Replaces all of this mapping, made by {@link #anonymousAligned}, by copy-on-write pages of a
   * file in huge pages. As many huge pages are reserved as the mapping has, so that a later write
   * finds one.
   *
   * @param fd of {@link OwnedFd#hugeMemory}, as large as this
   * @throws ErrnoException {@code ENOMEM} where too few are free; the mapping is as it was
   */
  public void remapHuge(int fd) {
    int prot = Mman.PROT_READ | Mman.PROT_WRITE;
    // Mapped elsewhere first: a MAP_FIXED that is refused would leave nothing at these addresses.
    long elsewhere = Syscalls.mmap(0, bytes, prot, Mman.MAP_PRIVATE, fd, 0);
    try {
      Syscalls.mremap(elsewhere, bytes, address);
    } catch (RuntimeException e) {
      Syscalls.munmap(elsewhere, bytes);
      throw e;
    }
  }

  /**
   * Maps the pages of a part of this mapping now ({@code MADV_POPULATE_READ}) or copies them now
   * ({@code MADV_POPULATE_WRITE}), instead of at the first access to each. A kernel before 5.14
   * does nothing.
   *
   * @param at offset in this mapping, page-aligned
   * @param length bytes, page-aligned
   * @param write whether to copy them
   * @throws ErrnoException {@code ENOMEM}, {@code EFAULT} where a page cannot be had
   */
  public void populate(long at, long length, boolean write) {
    checkRange(at, length);
    advise(at, length, write ? Mman.MADV_POPULATE_WRITE : Mman.MADV_POPULATE_READ);
  }

  /**
   * Counts the pages of a part of this mapping that are in memory: mapped here or, of a file, in
   * the page cache ({@code mincore(2)}).
   *
   * @param at offset in this mapping, page-aligned
   * @param length bytes, page-aligned
   * @param scratch a byte for each of these pages
   * @return pages
   * @throws ErrnoException {@code ENOMEM}
   */
  public long residentPages(long at, long length, MemorySegment scratch) {
    checkRange(at, length);
    Syscalls.mincore(segment.asSlice(at, length), scratch);
    long resident = 0;
    for (long i = 0; i < length / PAGE_BYTES; i++) {
      resident += scratch.get(ValueLayout.JAVA_BYTE, i) & 1;
    }
    return resident;
  }

  /**
   * Asks for huge pages in a part of this mapping, where the host gives them on request only
   * ({@code MADV_HUGEPAGE}). A host without them is no error.
   *
   * @param at offset in this mapping, page-aligned
   * @param length bytes, page-aligned
   * @throws ErrnoException {@code ENOMEM}
   */
  public void adviseHugePages(long at, long length) {
    checkRange(at, length);
    advise(at, length, Mman.MADV_HUGEPAGE);
  }

  /** What the kernel does not know is not done. */
  private void advise(long at, long length, int advice) {
    try {
      Syscalls.madvise(segment.asSlice(at, length), advice);
    } catch (ErrnoException e) {
      if (e.errno() != Errno.EINVAL) {
        throw e;
      }
    }
  }

  private void remap(long at, long length, int flags, int fd, long fileOffset) {
    int prot = Mman.PROT_READ | Mman.PROT_WRITE;
    Syscalls.mmap(address + at, length, prot, flags, fd, fileOffset);
  }

  private void checkRange(long at, long length) {
    if (at < 0 || length <= 0 || at > bytes - length) {
      throw new IllegalArgumentException(
          "range must lie within " + bytes + " bytes, got " + at + " + " + length);
    }
  }

  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      arena.close();
      Syscalls.munmap(address, bytes);
    }
  }
}
