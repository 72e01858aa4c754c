package dev.rekindle.vmm.vcpu;

import dev.rekindle.vmm.sys.FaultCounts;
import dev.rekindle.vmm.sys.ThreadSyscalls;

/**
 * Faults of a vCPU's thread while it runs a guest, its devices included; those of the thread's own
 * while it waits are not among them. Thread: {@link #enter} and {@link #leave} on the vCPU's,
 * {@link #clear} while that waits, {@link #now} any.
 */
final class GuestFaults {
  private volatile FaultCounts before = FaultCounts.NONE;

  /** What the thread had when it went in; null while it is out. */
  private volatile FaultCounts entered;

  void enter() {
    entered = ThreadSyscalls.faults();
  }

  void leave() {
    before = before.plus(ThreadSyscalls.faults().since(entered));
    entered = null;
  }

  void clear() {
    before = FaultCounts.NONE;
  }

  /** Costs nothing while the thread is out, else as {@link ThreadSyscalls#faults(int)}. */
  FaultCounts now(int tid) {
    FaultCounts start = entered;
    FaultCounts sum = before;
    return start == null ? sum : sum.plus(ThreadSyscalls.faults(tid).since(start));
  }
}
