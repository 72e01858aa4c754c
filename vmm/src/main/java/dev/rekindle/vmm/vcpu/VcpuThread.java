package dev.rekindle.vmm.vcpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.rekindle.vmm.abi.kvm.KvmRun;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Signal;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.ThreadSyscalls;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The platform thread of one vCPU. It starts at once, so that its start costs nobody any time, and
 * gets its vCPU with {@link #attach}; after {@link #detach} it may get another. Between {@link
 * #resume} and {@link #pause} it is in {@code KVM_RUN} or in a device; otherwise it is parked, and
 * then whoever owns the machine may read and write the vCPU's state from any thread: KVM wants only
 * {@code KVM_RUN} always from the same one. The allowed moves: parked → running → parked, running →
 * ended (an exit nobody answers), ended → parked (a new state was loaded), anything → closed.
 *
 * <p>A running vCPU is taken out by {@code immediate_exit} and a real-time signal whose handler
 * does nothing: the flag closes the gap between the check and the kernel entry, the signal ends a
 * guest that is running or halted.
 */
public final class VcpuThread implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VcpuThread.class);

  /** How long a thread that was told of work looks out for it before it parks. */
  private static final long ATTENTION_NANOS = 200_000;

  /** How long {@link #pause} looks before it parks; leaving the guest takes about as long. */
  private static final long PATIENCE_NANOS = 30_000;

  /** A signal cannot be lost; if it were, the next is sent after this. */
  private static final long KICK_AGAIN_NANOS = 20_000_000;

  static {
    ThreadSyscalls.installInterruptHandler(Signal.VCPU_KICK);
  }

  private enum State {
    PARKED,
    RUNNING,
    ENDED,
    CLOSED
  }

  private final Thread thread;
  private final Object lock = new Object();
  private final List<Thread> waiting = new ArrayList<>(2);

  // Set by attach.
  private String name = "vcpu-idle";
  private KvmVcpu vcpu;
  private GuestBus pio;
  private GuestBus mmio;
  private Consumer<VcpuExit> onExit;

  // All written under lock; volatile for who looks before it takes the lock.
  private volatile State state = State.PARKED;
  private volatile boolean runWanted;
  private volatile boolean closeWanted;
  private volatile Runnable task;
  private volatile boolean attention;
  private volatile boolean working;
  private boolean kicked;
  private int tid;

  /** Starts the thread, parked and without a vCPU. */
  public VcpuThread() {
    thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    thread.start();
  }

  /**
   * Gives the thread its vCPU.
   *
   * @param name of the thread from now on, {@code vcpu-<vm>-<index>}
   * @param vcpu stays the caller's; detach or close this first
   * @param pio where port accesses go
   * @param mmio where memory accesses outside of RAM go
   * @param onExit told, on this thread, when the vCPU ended by itself
   */
  public void attach(
      String name, KvmVcpu vcpu, GuestBus pio, GuestBus mmio, Consumer<VcpuExit> onExit) {
    synchronized (lock) {
      if (this.vcpu != null || closeWanted) {
        throw new IllegalStateException(this.name + (closeWanted ? " is closed" : " has a vCPU"));
      }
      this.name = name;
      this.vcpu = vcpu;
      this.pio = pio;
      this.mmio = mmio;
      this.onExit = onExit;
    }
  }

  /**
   * Takes the vCPU out of the guest and away from the thread. When this returns the thread no
   * longer uses it, and {@link #attach} may give it another.
   *
   * @return false if this is called on the thread itself, which can then only be closed
   */
  public boolean detach() {
    synchronized (lock) {
      task = null;
      runWanted = false;
      if (state == State.RUNNING && !kicked) {
        kick();
      }
    }
    awaitOut();
    synchronized (lock) {
      runWanted = false;
      attention = false;
      vcpu = null;
      if (state == State.ENDED) {
        state = State.PARKED;
      }
    }
    return Thread.currentThread() != thread;
  }

  /**
   * Takes the vCPU out of the guest, if it is in, and then runs something on its thread, which may
   * load another state and {@link #resume}. Does not wait. Thread: any, a device's included.
   *
   * @param work what it throws is logged
   * @throws IllegalStateException if it is closed or has other work
   */
  public void whenOut(Runnable work) {
    synchronized (lock) {
      if (vcpu == null || closeWanted || task != null) {
        throw new IllegalStateException(
            name + (task == null ? " has no vCPU or is closed" : " has other work"));
      }
      runWanted = false;
      task = work;
      if (state == State.RUNNING) {
        kick();
      }
    }
    wake();
  }

  /**
   * Says that {@link #resume} comes in a moment: the thread wakes and waits for it on its
   * processor, so that the time a parked thread takes to wake lies beside the loading of the state
   * and not behind it. If nothing comes it parks again.
   */
  public void expectResume() {
    if (Thread.currentThread() != thread) {
      attention = true;
      wake();
    }
  }

  /**
   * Says that a new state was loaded: a vCPU that had ended may run again.
   *
   * @throws IllegalStateException if it runs
   */
  public void renew() {
    synchronized (lock) {
      if (state == State.RUNNING) {
        throw new IllegalStateException(name + " is running");
      }
      if (state == State.ENDED) {
        state = State.PARKED;
      }
    }
  }

  /**
   * Lets the vCPU run.
   *
   * @throws IllegalStateException if it has no vCPU, has ended or is closed
   */
  public void resume() {
    synchronized (lock) {
      if (vcpu == null || closeWanted || state == State.ENDED) {
        throw new IllegalStateException(name + " cannot resume, it is " + state);
      }
      if (runWanted) {
        return;
      }
      runWanted = true;
      kicked = false;
      vcpu.requestExit(false);
    }
    if (!attention) {
      wake();
    }
  }

  private void wake() {
    if (Thread.currentThread() != thread) {
      LockSupport.unpark(thread);
    }
  }

  /**
   * Takes the vCPU out of the guest. When this returns the last access of the guest is complete and
   * nothing of the guest's runs. Thread: any; on the vCPU's own only from {@link #whenOut}.
   */
  public void pause() {
    requestPause();
    awaitOut();
  }

  /** Asks the vCPU to leave the guest and doesn't wait; {@link #pause} does. */
  public void requestPause() {
    synchronized (lock) {
      runWanted = false;
      if (state == State.RUNNING && !kicked) {
        kick();
      }
    }
  }

  private void awaitOut() {
    long giveUp = System.nanoTime() + PATIENCE_NANOS;
    while (isBusy() && System.nanoTime() < giveUp) {
      Thread.onSpinWait();
    }
    boolean interrupted = false;
    while (isBusy()) {
      synchronized (lock) {
        if (!isBusy()) {
          break;
        }
        waiting.add(Thread.currentThread());
      }
      LockSupport.parkNanos(this, KICK_AGAIN_NANOS);
      interrupted |= Thread.interrupted();
      synchronized (lock) {
        waiting.remove(Thread.currentThread());
        if (state == State.RUNNING) {
          kick();
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Work on the thread itself does not wait for its own end. */
  private boolean isBusy() {
    return state == State.RUNNING || working && Thread.currentThread() != thread;
  }

  private void kick() {
    kicked = true;
    vcpu.requestExit(true);
    if (tid != 0 && Thread.currentThread() != thread) {
      try {
        ThreadSyscalls.tgkill(tid, Signal.VCPU_KICK);
      } catch (ErrnoException e) {
        if (e.errno() != Errno.ESRCH) {
          throw e;
        }
      }
    }
  }

  private void loop() {
    synchronized (lock) {
      tid = ThreadSyscalls.gettid();
    }
    while (true) {
      Runnable work;
      if (!thread.getName().equals(name)) {
        thread.setName(name);
      }
      synchronized (lock) {
        if (closeWanted) {
          break;
        }
        work = task;
        task = null;
        working = work != null;
        if (work == null && runWanted && vcpu != null) {
          state = State.RUNNING;
        }
      }
      if (work != null) {
        perform(work);
        working = false;
        leave(state);
      } else if (state == State.RUNNING) {
        VcpuExit exit = runGuest();
        leave(exit == null ? State.PARKED : State.ENDED);
        if (exit != null) {
          onExit.accept(exit);
        }
      } else {
        awaitWork();
      }
    }
    leave(State.CLOSED);
  }

  private void perform(Runnable work) {
    try {
      work.run();
    } catch (RuntimeException | Error e) {
      LOG.error("work on {} failed", name, e);
    }
  }

  private void awaitWork() {
    if (attention) {
      long giveUp = System.nanoTime() + ATTENTION_NANOS;
      while (!somethingToDo() && System.nanoTime() < giveUp) {
        // Not a bare spin: who loads the state may be waiting for this very processor.
        Thread.yield();
      }
      attention = false;
    }
    // Looked at after attention went, since who resumes looks at it after setting runWanted.
    if (!somethingToDo()) {
      LockSupport.park(this);
    }
  }

  private boolean somethingToDo() {
    return runWanted && state != State.ENDED || task != null || closeWanted;
  }

  private void leave(State next) {
    Thread[] leavers;
    synchronized (lock) {
      state = next;
      if (next == State.ENDED) {
        runWanted = false;
      }
      leavers = waiting.isEmpty() ? null : waiting.toArray(Thread[]::new);
    }
    if (leavers != null) {
      for (Thread leaver : leavers) {
        LockSupport.unpark(leaver);
      }
    }
  }

  /** Runs until asked to leave (null) or until an exit nobody answers. */
  private VcpuExit runGuest() {
    try {
      while (true) {
        int result = vcpu.run();
        if (result < 0) {
          if (result == -Errno.EINTR) {
            if (!stillWanted()) {
              return null;
            }
          } else if (result != -Errno.EAGAIN) {
            return new VcpuExit.Failed("KVM_RUN: " + Errno.name(-result));
          }
          continue;
        }
        VcpuExit exit = dispatch();
        if (exit != null) {
          return exit;
        }
      }
    } catch (RuntimeException e) {
      LOG.error("a device failed under {}", name, e);
      return new VcpuExit.Failed(e.toString());
    }
  }

  private boolean stillWanted() {
    return runWanted && !closeWanted && task == null;
  }

  private VcpuExit dispatch() {
    int reason = vcpu.exitReason();
    switch (reason) {
      case KvmRun.EXIT_IO -> portAccess();
      case KvmRun.EXIT_MMIO -> memoryAccess();
      case KvmRun.EXIT_INTR, KvmRun.EXIT_IRQ_WINDOW_OPEN -> {
        // Nothing to do: the loop enters the guest again or sees that it shall not.
      }
      case KvmRun.EXIT_HLT -> {
        return new VcpuExit.Halted();
      }
      case KvmRun.EXIT_SHUTDOWN -> {
        return new VcpuExit.Shutdown();
      }
      case KvmRun.EXIT_SYSTEM_EVENT -> {
        return new VcpuExit.SystemEvent(vcpu.exitDetail());
      }
      case KvmRun.EXIT_FAIL_ENTRY -> {
        return new VcpuExit.FailEntry(vcpu.failEntryReason());
      }
      case KvmRun.EXIT_INTERNAL_ERROR -> {
        return new VcpuExit.InternalError(vcpu.exitDetail());
      }
      default -> {
        return new VcpuExit.Unsupported(reason);
      }
    }
    return null;
  }

  private void portAccess() {
    int port = vcpu.ioPort();
    int count = vcpu.ioCount();
    boolean out = vcpu.ioIsOut();
    for (int i = 0; i < count; i++) {
      access(pio, port, vcpu.ioData(i), out);
    }
  }

  private void memoryAccess() {
    access(mmio, vcpu.mmioAddress(), vcpu.mmioData(), vcpu.mmioIsWrite());
  }

  private static void access(GuestBus bus, long address, MemorySegment data, boolean isWrite) {
    if (isWrite) {
      bus.write(address, data);
    } else if (!bus.read(address, data)) {
      for (long i = 0; i < data.byteSize(); i++) {
        data.set(JAVA_BYTE, i, (byte) 0xFF);
      }
    }
  }

  /** Takes the vCPU out of the guest and ends the thread; returns when it has ended. Idempotent. */
  @Override
  public void close() {
    synchronized (lock) {
      closeWanted = true;
      runWanted = false;
      if (state == State.RUNNING) {
        kick();
      }
    }
    wake();
    awaitOut();
    boolean interrupted = false;
    while (thread.isAlive() && Thread.currentThread() != thread) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
