package dev.rekindle.snapshotter.restore;

import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.ThreadSyscalls;

/** What is made ahead must not slow what somebody waits for. */
public final class ThreadPriority {
  /** Of -20 to 19; the scheduler gives such a thread about a tenth of what a normal one gets. */
  private static final int NICE = 10;

  private ThreadPriority() {}

  /** Lowers the calling platform thread's priority; where the kernel forbids it, it stays. */
  public static void lower() {
    try {
      ThreadSyscalls.setThreadNice(NICE);
    } catch (ErrnoException e) {
      // A jail may forbid it; then refilling competes, and nothing else changes.
    }
  }
}
