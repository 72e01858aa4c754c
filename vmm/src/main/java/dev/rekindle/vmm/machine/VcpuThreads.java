package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.vcpu.VcpuThread;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Threads of vCPUs that are gone, kept for the next ones: starting a thread takes as long as a
 * whole restore. Thread: any.
 */
final class VcpuThreads implements AutoCloseable {
  /** Most kept. Each holds some tens of KiB of stack. */
  private static final int KEPT = 8;

  private final Deque<VcpuThread> idle = new ArrayDeque<>();
  private boolean closed;

  /**
   * @return parked, without a vCPU; the caller's
   */
  VcpuThread take() {
    VcpuThread thread;
    synchronized (this) {
      thread = idle.poll();
    }
    return thread == null ? new VcpuThread() : thread;
  }

  /** Takes its vCPU away; when this returns nobody uses that any more. */
  void giveBack(VcpuThread thread) {
    if (thread.detach()) {
      synchronized (this) {
        if (!closed && idle.size() < KEPT) {
          idle.push(thread);
          return;
        }
      }
    }
    thread.close();
  }

  @Override
  public void close() {
    Deque<VcpuThread> last;
    synchronized (this) {
      closed = true;
      last = new ArrayDeque<>(idle);
      idle.clear();
    }
    last.forEach(VcpuThread::close);
  }
}
