package dev.rekindle.vmm.sys;

import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.SeccompData;
import dev.rekindle.vmm.abi.linux.SockFilter;
import dev.rekindle.vmm.abi.linux.SockFprog;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The two calls that take rights away from a thread, for good. */
public final class SeccompSyscalls {
  private SeccompSyscalls() {}

  /**
   * {@code seccomp(2)} after {@code PR_SET_NO_NEW_PRIVS}: from now on the calling platform thread,
   * and every thread it makes, is under one more filter.
   *
   * @param program an array of {@link SockFilter#LAYOUT}
   * @param everyThread {@code SECCOMP_FILTER_FLAG_TSYNC}: all threads of the process, now
   * @throws ErrnoException {@code ENOSYS} or {@code EINVAL} where the kernel has no filters; {@code
   *     ESRCH} if another thread has a filter that this one has not
   */
  public static void install(MemorySegment program, boolean everyThread) {
    try (Arena arena = Arena.ofConfined()) {
      int noNewPrivs = SeccompData.PR_SET_NO_NEW_PRIVS;
      Syscalls.check(
          "prctl",
          "PR_SET_NO_NEW_PRIVS",
          (int) Libc.PRCTL.invokeExact(Libc.state(), noNewPrivs, 1L, 0L, 0L, 0L));
      MemorySegment fprog = arena.allocate(SockFprog.LAYOUT);
      long count = program.byteSize() / SockFilter.LAYOUT.byteSize();
      fprog.set(ValueLayout.JAVA_SHORT, SockFprog.LEN, (short) count);
      fprog.set(ValueLayout.ADDRESS, SockFprog.FILTER, program);
      long mode = SeccompData.SECCOMP_SET_MODE_FILTER;
      long flags = everyThread ? SeccompData.SECCOMP_FILTER_FLAG_TSYNC : 0;
      long result =
          (long) Libc.SECCOMP.invokeExact(Libc.state(), Libc.SYS_SECCOMP, mode, flags, fprog);
      Syscalls.check("seccomp", count + " instructions", result);
      if (result > 0) {
        throw new ErrnoException("seccomp", Errno.ESRCH, "thread " + result + " differs");
      }
    } catch (Throwable t) {
      throw Syscalls.rethrow(t);
    }
  }
}
