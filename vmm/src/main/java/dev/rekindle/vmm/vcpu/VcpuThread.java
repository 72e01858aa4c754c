package dev.rekindle.vmm.vcpu;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.rekindle.vmm.abi.kvm.KvmRun;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Signal;
import dev.rekindle.vmm.kvm.KvmVcpu;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The platform thread of one vCPU. Between {@link #resume} and {@link #pause} it is in {@code
 * KVM_RUN} or in a device; otherwise it is parked, and then its state may be read and written with
 * {@link #onThread}. The allowed moves: parked → running → parked, running → ended (an exit nobody
 * answers), ended → parked (a new state is to be loaded), anything → closed.
 *
 * <p>A running vCPU is taken out by {@code immediate_exit} and a real-time signal whose handler
 * does nothing: the flag closes the gap between the check and the kernel entry, the signal ends a
 * guest that is running or halted.
 */
public final class VcpuThread implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(VcpuThread.class);

  static {
    Syscalls.installInterruptHandler(Signal.VCPU_KICK);
  }

  private enum State {
    PARKED,
    RUNNING,
    ENDED,
    CLOSED
  }

  private final KvmVcpu vcpu;
  private final GuestBus pio;
  private final GuestBus mmio;
  private final Consumer<VcpuExit> onExit;
  private final Thread thread;
  private final Object lock = new Object();

  // All guarded by lock.
  private State state = State.PARKED;
  private boolean runWanted;
  private boolean closeWanted;
  private Runnable task;
  private int tid;

  /**
   * Starts the thread, parked.
   *
   * @param name of the thread, {@code vcpu-<vm>-<index>}
   * @param vcpu stays the caller's; close this first
   * @param pio where port accesses go
   * @param mmio where memory accesses outside of RAM go
   * @param onExit told, on this thread, when the vCPU ended by itself
   */
  public VcpuThread(
      String name, KvmVcpu vcpu, GuestBus pio, GuestBus mmio, Consumer<VcpuExit> onExit) {
    this.vcpu = vcpu;
    this.pio = pio;
    this.mmio = mmio;
    this.onExit = onExit;
    thread = Thread.ofPlatform().daemon().name(name).unstarted(this::loop);
    thread.start();
  }

  /**
   * Runs something on the parked vCPU's thread, where KVM's state ioctls are cheapest.
   *
   * @param work reads or writes the vCPU's state
   * @return done when the work is, failed with what it threw
   * @throws IllegalStateException if the vCPU runs or is closed
   */
  public CompletableFuture<Void> onThread(Runnable work) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    synchronized (lock) {
      if (state == State.RUNNING || closeWanted || task != null) {
        throw new IllegalStateException(thread.getName() + " is not parked but " + state);
      }
      state = State.PARKED;
      task =
          () -> {
            try {
              work.run();
              done.complete(null);
            } catch (RuntimeException | Error e) {
              done.completeExceptionally(e);
            }
          };
      lock.notifyAll();
    }
    return done;
  }

  /**
   * Lets the vCPU run.
   *
   * @throws IllegalStateException if it ended or is closed
   */
  public void resume() {
    synchronized (lock) {
      if (state == State.CLOSED || closeWanted || state == State.ENDED) {
        throw new IllegalStateException(thread.getName() + " cannot resume, it is " + state);
      }
      if (!runWanted) {
        runWanted = true;
        vcpu.requestExit(false);
        lock.notifyAll();
      }
    }
  }

  /**
   * Takes the vCPU out of the guest. When this returns its thread is parked, the last access of the
   * guest is complete, and nothing of the guest's runs. Thread: any but the vCPU's own.
   */
  public void pause() {
    synchronized (lock) {
      runWanted = false;
      awaitOut();
    }
  }

  /** Asks the vCPU to leave the guest and doesn't wait; {@link #pause} does. */
  public void requestPause() {
    synchronized (lock) {
      runWanted = false;
      if (state == State.RUNNING) {
        kick();
      }
    }
  }

  private void awaitOut() {
    boolean interrupted = false;
    while (state == State.RUNNING) {
      kick();
      try {
        // A lost signal would otherwise be waited for without end; the flag alone ends the next
        // entry, a second signal an entry that raced with the first.
        lock.wait(20);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void kick() {
    vcpu.requestExit(true);
    if (tid != 0 && Thread.currentThread() != thread) {
      try {
        Syscalls.tgkill(tid, Signal.VCPU_KICK);
      } catch (ErrnoException e) {
        if (e.errno() != Errno.ESRCH) {
          throw e;
        }
      }
    }
  }

  private void loop() {
    synchronized (lock) {
      tid = Syscalls.gettid();
    }
    while (true) {
      Runnable work;
      synchronized (lock) {
        while (!closeWanted && task == null && !runWanted) {
          try {
            lock.wait();
          } catch (InterruptedException e) {
            LOG.debug("{} ignores an interrupt; it ends by close", thread.getName());
          }
        }
        if (closeWanted) {
          state = State.CLOSED;
          lock.notifyAll();
          return;
        }
        work = task;
        task = null;
        if (work == null) {
          state = State.RUNNING;
        }
      }
      if (work != null) {
        work.run();
        continue;
      }
      VcpuExit exit = runGuest();
      synchronized (lock) {
        state = exit == null ? State.PARKED : State.ENDED;
        if (exit != null) {
          runWanted = false;
        }
        lock.notifyAll();
      }
      if (exit != null) {
        onExit.accept(exit);
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
      LOG.error("a device failed under {}", thread.getName(), e);
      return new VcpuExit.Failed(e.toString());
    }
  }

  private boolean stillWanted() {
    synchronized (lock) {
      return runWanted && !closeWanted;
    }
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

  /** Takes the vCPU out of the guest and ends the thread; returns when it has ended. */
  @Override
  public void close() {
    synchronized (lock) {
      closeWanted = true;
      runWanted = false;
      awaitOut();
      lock.notifyAll();
    }
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
