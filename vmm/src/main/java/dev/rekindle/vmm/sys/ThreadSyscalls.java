package dev.rekindle.vmm.sys;

import dev.rekindle.vmm.abi.linux.Signal;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The system calls about threads and the signals that wake them. Each checks its result and throws
 * {@link ErrnoException}.
 */
@SuppressWarnings("restricted")
public final class ThreadSyscalls {
  private ThreadSyscalls() {}

  /**
   * Gives a signal a handler that does nothing, so that it interrupts a blocking call and nothing
   * else. The handler is native: the C library's {@code abs}, a pure function of an int, which is
   * async-signal-safe. A Java upcall would not be.
   *
   * @param signal a real-time signal
   */
  public static void installInterruptHandler(int signal) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment action = arena.allocate(Signal.LAYOUT);
      action.set(ValueLayout.ADDRESS, Signal.SA_HANDLER, Libc.symbol("abs"));
      MemorySegment none = MemorySegment.NULL;
      int result = (int) Libc.SIGACTION.invokeExact(Libc.state(), signal, action, none);
      Syscalls.check("sigaction", signal, result);
    } catch (Throwable t) {
      throw Syscalls.rethrow(t);
    }
  }

  /**
   * @return the calling platform thread's kernel id
   */
  public static int gettid() {
    try {
      return (int) Libc.GETTID.invokeExact(Libc.state());
    } catch (Throwable t) {
      throw Syscalls.rethrow(t);
    }
  }

  /**
   * {@code setpriority(2)} of the calling platform thread alone: on Linux a nice value belongs to a
   * thread.
   *
   * @param nice {@code [-20, 19]}, larger is less
   * @throws ErrnoException {@code EACCES} if it may not be made smaller
   */
  public static void setThreadNice(int nice) {
    try {
      // PRIO_PROCESS and 0: the calling thread.
      Syscalls.check(
          "setpriority", nice, (int) Libc.SETPRIORITY.invokeExact(Libc.state(), 0, 0, nice));
    } catch (Throwable t) {
      throw Syscalls.rethrow(t);
    }
  }

  /**
   * Sends a signal to one thread of this process.
   *
   * @param tid see {@link #gettid()}
   * @param signal the signal
   * @throws ErrnoException {@code ESRCH} if the thread is gone
   */
  public static void tgkill(int tid, int signal) {
    try {
      int pid = (int) Libc.GETPID.invokeExact(Libc.state());
      Syscalls.check("tgkill", tid, (int) Libc.TGKILL.invokeExact(Libc.state(), pid, tid, signal));
    } catch (Throwable t) {
      throw Syscalls.rethrow(t);
    }
  }
}
