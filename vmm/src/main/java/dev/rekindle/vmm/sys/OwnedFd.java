package dev.rekindle.vmm.sys;

import dev.rekindle.vmm.abi.linux.Mman;
import java.util.concurrent.atomic.AtomicBoolean;

/** A file descriptor with one owner. Thread: any; close is idempotent. */
public final class OwnedFd implements AutoCloseable {
  private final int fd;
  private final String label;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * Takes ownership.
   *
   * @param fd an open descriptor
   * @param label what it is, for messages
   */
  public OwnedFd(int fd, String label) {
    this.fd = fd;
    this.label = label;
  }

  /**
   * {@code open(2)} with {@code O_CLOEXEC} added.
   *
   * @param path the file
   * @param flags see {@link dev.rekindle.vmm.abi.linux.Fcntl}
   * @return the owner of the new descriptor
   * @throws ErrnoException for example {@code ENOENT}, {@code EACCES}
   */
  public static OwnedFd open(String path, int flags) {
    return new OwnedFd(Syscalls.open(path, flags, 0600), path);
  }

  /**
   * An anonymous file in memory.
   *
   * @param name shown in {@code /proc/self/fd}
   * @param bytes its size; sparse
   * @return the owner of the new descriptor
   * @throws ErrnoException {@code ENOMEM}, {@code EMFILE}
   */
  public static OwnedFd memory(String name, long bytes) {
    return sized(new OwnedFd(Syscalls.memfdCreate(name, 0), name), bytes);
  }

  /**
   * An anonymous file in huge pages of 2 MiB. They are taken from those the host has reserved, by
   * writers and by private mappings.
   *
   * @param name shown in {@code /proc/self/fd}
   * @param bytes its size, a multiple of 2 MiB; sparse
   * @return the owner of the new descriptor
   * @throws ErrnoException {@code ENODEV}, {@code ENOSYS} or {@code EINVAL} where the kernel has no
   *     such pages
   */
  public static OwnedFd hugeMemory(String name, long bytes) {
    int flags = Mman.MFD_HUGETLB | Mman.MFD_HUGE_2MB;
    return sized(new OwnedFd(Syscalls.memfdCreate(name, flags), name), bytes);
  }

  private static OwnedFd sized(OwnedFd owned, long bytes) {
    try {
      Syscalls.ftruncate(owned.fd, bytes);
      return owned;
    } catch (RuntimeException e) {
      owned.close();
      throw e;
    }
  }

  /**
   * @return the descriptor
   * @throws IllegalStateException after close
   */
  public int fd() {
    if (closed.get()) {
      throw new IllegalStateException(label + " is closed");
    }
    return fd;
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      Syscalls.close(fd);
    }
  }

  @Override
  public String toString() {
    return label + " (fd " + fd + ")";
  }
}
