package dev.rekindle.vmm.sys;

import dev.rekindle.vmm.abi.linux.Epoll;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Fcntl;
import dev.rekindle.vmm.abi.linux.Mman;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The system calls the monitor needs. Each checks its result and throws {@link ErrnoException};
 * none retries: what {@code EINTR} means is the caller's to say. Thread: any.
 */
@SuppressWarnings("restricted")
public final class Syscalls {
  private Syscalls() {}

  /**
   * {@code open(2)}, always {@code O_CLOEXEC}.
   *
   * @param path the file
   * @param flags see {@link Fcntl}
   * @param mode permissions if it is created
   * @return the descriptor; the caller owns it
   */
  public static int open(String path, int flags, int mode) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment name = arena.allocateFrom(path);
      int all = flags | Fcntl.O_CLOEXEC;
      return check("open", path, (int) Libc.OPEN.invokeExact(Libc.state(), name, all, mode));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code close(2)}.
   *
   * @param fd the descriptor, gone afterwards whatever the result
   */
  public static void close(int fd) {
    try {
      check("close", fd, (int) Libc.CLOSE.invokeExact(Libc.state(), fd));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code read(2)}.
   *
   * @param fd the descriptor
   * @param buffer filled from its start
   * @return bytes read, 0 at the end
   */
  public static long read(int fd, MemorySegment buffer) {
    try {
      long n = (long) Libc.READ.invokeExact(Libc.state(), fd, buffer, buffer.byteSize());
      return check("read", fd, n);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /** Reads an eventfd's counter; 0 where the descriptor would block. */
  static long readCounter(int fd) {
    try {
      MemorySegment counter = Libc.counter();
      long n = (long) Libc.READ.invokeExact(Libc.state(), fd, counter, counter.byteSize());
      if (n < 0 && Libc.errno() == Errno.EAGAIN) {
        return 0;
      }
      check("read", fd, n);
      return counter.get(ValueLayout.JAVA_LONG, 0);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code write(2)}.
   *
   * @param fd the descriptor
   * @param buffer written from its start
   * @return bytes written
   */
  public static long write(int fd, MemorySegment buffer) {
    try {
      long n = (long) Libc.WRITE.invokeExact(Libc.state(), fd, buffer, buffer.byteSize());
      return check("write", fd, n);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code pread(2)}.
   *
   * @param fd the descriptor
   * @param buffer filled from its start
   * @param offset in the file, bytes
   * @return bytes read, 0 at the end
   */
  public static long pread(int fd, MemorySegment buffer, long offset) {
    try {
      long size = buffer.byteSize();
      long n = (long) Libc.PREAD.invokeExact(Libc.state(), fd, buffer, size, offset);
      return check("pread", fd, n);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code pwrite(2)}.
   *
   * @param fd the descriptor
   * @param buffer written from its start
   * @param offset in the file, bytes
   * @return bytes written
   */
  public static long pwrite(int fd, MemorySegment buffer, long offset) {
    try {
      long size = buffer.byteSize();
      long n = (long) Libc.PWRITE.invokeExact(Libc.state(), fd, buffer, size, offset);
      return check("pwrite", fd, n);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code ftruncate(2)}.
   *
   * @param fd open for writing
   * @param bytes the new size
   */
  public static void ftruncate(int fd, long bytes) {
    try {
      check("ftruncate", fd, (int) Libc.FTRUNCATE.invokeExact(Libc.state(), fd, bytes));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code fsync(2)}.
   *
   * @param fd a file or folder
   */
  public static void fsync(int fd) {
    try {
      check("fsync", fd, (int) Libc.FSYNC.invokeExact(Libc.state(), fd));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code lseek(2)}.
   *
   * @param fd the descriptor
   * @param offset bytes
   * @param whence {@code SEEK_SET} 0, {@code SEEK_DATA} 3, {@code SEEK_HOLE} 4
   * @return the resulting offset
   * @throws ErrnoException {@code ENXIO} (6) for {@code SEEK_DATA} behind the last data
   */
  public static long lseek(int fd, long offset, int whence) {
    try {
      return check("lseek", fd, (long) Libc.LSEEK.invokeExact(Libc.state(), fd, offset, whence));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  static int memfdCreate(String name) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment text = arena.allocateFrom(name);
      int fd = (int) Libc.MEMFD_CREATE.invokeExact(Libc.state(), text, Mman.MFD_CLOEXEC);
      return check("memfd_create", name, fd);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  static int eventfd() {
    try {
      int flags = Epoll.EFD_CLOEXEC | Epoll.EFD_NONBLOCK;
      return check("eventfd", flags, (int) Libc.EVENTFD.invokeExact(Libc.state(), 0, flags));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code ioctl(2)} with a number or nothing as argument.
   *
   * @param fd the descriptor
   * @param request which
   * @param argument the number; 0 where there is none
   * @return what the kernel returned, never negative
   */
  public static int ioctl(int fd, IoctlRequest request, long argument) {
    try {
      MemorySegment state = Libc.state();
      int result = (int) Libc.IOCTL_LONG.invokeExact(state, fd, request.code(), argument);
      return result >= 0 ? result : fail(request.name(), fd);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code ioctl(2)} with a struct as argument.
   *
   * @param fd the descriptor
   * @param request which
   * @param argument read or written by the kernel, as the request says
   * @return what the kernel returned, never negative
   */
  public static int ioctl(int fd, IoctlRequest request, MemorySegment argument) {
    try {
      MemorySegment state = Libc.state();
      int result = (int) Libc.IOCTL_POINTER.invokeExact(state, fd, request.code(), argument);
      return result >= 0 ? result : fail(request.name(), fd);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code ioctl(2)} whose failure is an answer and not an error ({@code KVM_RUN}): no exception.
   *
   * @param fd the descriptor
   * @param request which
   * @return what the kernel returned, or the negated error number
   */
  public static int ioctlOrErrno(int fd, IoctlRequest request) {
    try {
      int result = (int) Libc.IOCTL_LONG.invokeExact(Libc.state(), fd, request.code(), 0L);
      return result >= 0 ? result : -Libc.errno();
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  static long mmap(long address, long bytes, int prot, int flags, int fd, long offset) {
    try {
      MemorySegment state = Libc.state();
      long result = (long) Libc.MMAP.invokeExact(state, address, bytes, prot, flags, fd, offset);
      return check("mmap", bytes, result);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  static void munmap(long address, long bytes) {
    try {
      check("munmap", bytes, (int) Libc.MUNMAP.invokeExact(Libc.state(), address, bytes));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code madvise(2)}.
   *
   * @param range a page-aligned part of a mapping
   * @param advice see {@link Mman}
   */
  public static void madvise(MemorySegment range, int advice) {
    try {
      long size = range.byteSize();
      int result = (int) Libc.MADVISE.invokeExact(Libc.state(), range.address(), size, advice);
      check("madvise", advice, result);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code epoll_create1(2)}.
   *
   * @return the descriptor; the caller owns it
   */
  public static int epollCreate() {
    try {
      int flags = Epoll.EPOLL_CLOEXEC;
      return check(
          "epoll_create1", flags, (int) Libc.EPOLL_CREATE1.invokeExact(Libc.state(), flags));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code epoll_ctl(2)}.
   *
   * @param epoll the epoll descriptor
   * @param operation see {@link Epoll}
   * @param fd the descriptor to watch
   * @param event {@link Epoll#LAYOUT}, or {@link MemorySegment#NULL} to delete
   */
  public static void epollCtl(int epoll, int operation, int fd, MemorySegment event) {
    try {
      MemorySegment state = Libc.state();
      check("epoll_ctl", fd, (int) Libc.EPOLL_CTL.invokeExact(state, epoll, operation, fd, event));
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  /**
   * {@code epoll_wait(2)}.
   *
   * @param epoll the epoll descriptor
   * @param events an array of {@link Epoll#LAYOUT}
   * @param capacity how many fit
   * @param timeoutMillis -1 waits without limit
   * @return how many were filled in
   * @throws ErrnoException {@code EINTR}
   */
  public static int epollWait(int epoll, MemorySegment events, int capacity, int timeoutMillis) {
    try {
      MemorySegment state = Libc.state();
      int n = (int) Libc.EPOLL_WAIT.invokeExact(state, epoll, events, capacity, timeoutMillis);
      return check("epoll_wait", epoll, n);
    } catch (Throwable t) {
      throw rethrow(t);
    }
  }

  static MemorySegment segmentAt(long address, long bytes, Arena arena) {
    return MemorySegment.ofAddress(address).reinterpret(bytes, arena, null);
  }

  static int check(String call, Object detail, int result) {
    if (result < 0) {
      throw new ErrnoException(call, Libc.errno(), String.valueOf(detail));
    }
    return result;
  }

  static long check(String call, Object detail, long result) {
    if (result == -1) {
      throw new ErrnoException(call, Libc.errno(), String.valueOf(detail));
    }
    return result;
  }

  private static int fail(String call, int fd) {
    throw new ErrnoException(call, Libc.errno(), "fd " + fd);
  }

  static RuntimeException rethrow(Throwable t) {
    return switch (t) {
      case RuntimeException e -> e;
      case Error e -> throw e;
      default -> new IllegalStateException("a downcall threw a checked exception", t);
    };
  }
}
