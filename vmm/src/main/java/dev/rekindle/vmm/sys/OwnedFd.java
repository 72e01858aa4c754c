package dev.rekindle.vmm.sys;

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
    OwnedFd owned = new OwnedFd(Syscalls.memfdCreate(name), name);
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
