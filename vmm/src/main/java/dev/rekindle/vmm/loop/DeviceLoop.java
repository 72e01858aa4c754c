package dev.rekindle.vmm.loop;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.rekindle.vmm.abi.linux.Epoll;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.EventFd;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One platform thread that waits for descriptors, tasks and timers and runs their callbacks, one at
 * a time. A callback that throws is logged and the loop goes on: one guest's device must not stop
 * another's. Thread: all public methods from any.
 */
public final class DeviceLoop implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(DeviceLoop.class);
  private static final int EVENTS_AT_ONCE = 64;
  private static final long WAKE_TOKEN = 0;

  private final OwnedFd epoll = new OwnedFd(Syscalls.epollCreate(), "epoll");
  private final EventFd wake = new EventFd();
  private final Arena arena = Arena.ofShared();
  private final MemorySegment events = arena.allocate(Epoll.array(EVENTS_AT_ONCE));
  private final Map<Long, Runnable> callbacks = new ConcurrentHashMap<>();
  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final PriorityQueue<Timer> timers = new PriorityQueue<>();
  private final AtomicLong nextToken = new AtomicLong(1);
  private final Thread thread;
  private volatile boolean stopping;

  /** Starts the loop's thread, {@code device-loop}, a daemon. */
  public DeviceLoop() {
    control(Epoll.EPOLL_CTL_ADD, wake.fd(), Epoll.EPOLLIN, WAKE_TOKEN);
    thread = Thread.ofPlatform().daemon().name("device-loop").unstarted(this::run);
    thread.start();
  }

  /** A watched descriptor. */
  public final class Registration implements AutoCloseable {
    private final int fd;
    private final long token;
    private boolean closed;

    private Registration(int fd, long token) {
      this.fd = fd;
      this.token = token;
    }

    /** Stops watching. When this returns the callback is not running and will not run again. */
    @Override
    public void close() {
      synchronized (this) {
        if (closed) {
          return;
        }
        closed = true;
      }
      callbacks.remove(token);
      Syscalls.epollCtl(epoll.fd(), Epoll.EPOLL_CTL_DEL, fd, MemorySegment.NULL);
      barrier();
    }
  }

  /** Something to be run later, unless cancelled. */
  public static final class Timer implements Comparable<Timer> {
    private final long atNanos;
    private final Runnable action;
    private volatile boolean cancelled;

    private Timer(long atNanos, Runnable action) {
      this.atNanos = atNanos;
      this.action = action;
    }

    /** Prevents the action if it has not begun. */
    public void cancel() {
      cancelled = true;
    }

    @Override
    public int compareTo(Timer other) {
      return Long.signum(atNanos - other.atNanos);
    }
  }

  /**
   * Watches a descriptor, level-triggered.
   *
   * @param fd stays the caller's; close the registration before it
   * @param events {@link Epoll#EPOLLIN}, {@link Epoll#EPOLLOUT}
   * @param onReady called on the loop
   * @return ends the watching
   * @throws ErrnoException {@code EEXIST} if the descriptor is watched already
   */
  public Registration register(int fd, int events, Runnable onReady) {
    long token = nextToken.getAndIncrement();
    callbacks.put(token, onReady);
    try {
      control(Epoll.EPOLL_CTL_ADD, fd, events, token);
    } catch (RuntimeException e) {
      callbacks.remove(token);
      throw e;
    }
    return new Registration(fd, token);
  }

  /**
   * Runs a task on the loop, in the order of submission; at once if called on it is not promised.
   *
   * @param task must not block
   */
  public void execute(Runnable task) {
    tasks.add(task);
    if (!inLoop()) {
      wake.signal();
    }
  }

  /**
   * Runs a task on the loop after a delay, to the millisecond.
   *
   * @param delayNanos 0 or more
   * @param action must not block
   * @return cancels it
   */
  public Timer schedule(long delayNanos, Runnable action) {
    Timer timer = new Timer(System.nanoTime() + delayNanos, action);
    execute(() -> timers.add(timer));
    return timer;
  }

  /**
   * Waits until everything submitted so far, and the callback now running, is done. Returns at once
   * on the loop itself and after close.
   */
  public void barrier() {
    if (inLoop() || stopping) {
      return;
    }
    CompletableFuture<Void> reached = new CompletableFuture<>();
    execute(() -> reached.complete(null));
    while (!reached.isDone() && thread.isAlive()) {
      try {
        reached.get(100, TimeUnit.MILLISECONDS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        reached.join();
      } catch (java.util.concurrent.TimeoutException e) {
        LOG.trace("looking again whether the loop still lives", e);
      } catch (java.util.concurrent.ExecutionException e) {
        throw new IllegalStateException("a barrier cannot fail", e);
      }
    }
  }

  /**
   * @return whether the caller is the loop's thread
   */
  public boolean inLoop() {
    return Thread.currentThread() == thread;
  }

  private void control(int operation, int fd, int mask, long token) {
    try (Arena confined = Arena.ofConfined()) {
      MemorySegment event = confined.allocate(Epoll.LAYOUT);
      event.set(JAVA_INT, Epoll.EVENTS, mask);
      event.set(JAVA_LONG.withByteAlignment(4), Epoll.DATA, token);
      Syscalls.epollCtl(epoll.fd(), operation, fd, event);
    }
  }

  private void run() {
    while (!stopping) {
      int ready = await();
      for (int i = 0; i < ready; i++) {
        long at = i * Epoll.LAYOUT.byteSize();
        long token = events.get(JAVA_LONG.withByteAlignment(4), at + Epoll.DATA);
        if (token == WAKE_TOKEN) {
          wake.drain();
        } else {
          Runnable callback = callbacks.get(token);
          if (callback != null) {
            guarded(callback);
          }
        }
      }
      for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
        guarded(task);
      }
      runTimers();
    }
  }

  private int await() {
    try {
      int timeout = tasks.isEmpty() ? timeoutMillis() : 0;
      return Syscalls.epollWait(epoll.fd(), events, EVENTS_AT_ONCE, timeout);
    } catch (ErrnoException e) {
      if (e.errno() == Errno.EINTR) {
        return 0;
      }
      throw e;
    }
  }

  private int timeoutMillis() {
    Timer first = timers.peek();
    if (first == null) {
      return -1;
    }
    long nanos = first.atNanos - System.nanoTime();
    return nanos <= 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, nanos / 1_000_000 + 1);
  }

  private void runTimers() {
    for (Timer t = timers.peek(); t != null; t = timers.peek()) {
      if (!t.cancelled && t.atNanos - System.nanoTime() > 0) {
        return;
      }
      timers.poll();
      if (!t.cancelled) {
        guarded(t.action);
      }
    }
  }

  private static void guarded(Runnable callback) {
    try {
      callback.run();
    } catch (RuntimeException | StackOverflowError | AssertionError e) {
      LOG.error("a device callback failed; the loop goes on", e);
    }
  }

  /** Ends the thread and closes what the loop owns; watched descriptors stay their owners'. */
  @Override
  public void close() {
    if (stopping) {
      return;
    }
    stopping = true;
    wake.signal();
    boolean interrupted = false;
    while (!inLoop() && thread.isAlive()) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    wake.close();
    epoll.close();
    arena.close();
  }
}
