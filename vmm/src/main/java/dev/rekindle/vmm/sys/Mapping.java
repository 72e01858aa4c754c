package dev.rekindle.vmm.sys;

import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Mman;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A memory mapping with one owner. After {@link #close()} its segment refuses every access from
 * Java; what the kernel still holds of it (a KVM memory slot) must be gone before.
 */
public final class Mapping implements AutoCloseable {
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
   * Asks for huge pages in a part of this mapping, where the host gives them on request only
   * ({@code MADV_HUGEPAGE}). A host without them is no error.
   *
   * @param at offset in this mapping, page-aligned
   * @param length bytes, page-aligned
   * @throws ErrnoException {@code ENOMEM}
   */
  public void adviseHugePages(long at, long length) {
    checkRange(at, length);
    try {
      Syscalls.madvise(segment.asSlice(at, length), Mman.MADV_HUGEPAGE);
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
