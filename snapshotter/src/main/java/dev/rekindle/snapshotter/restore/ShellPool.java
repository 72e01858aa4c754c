package dev.rekindle.snapshotter.restore;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs without a guest, by shape, so that a restore need not build one: built ahead, or given back
 * by a sandbox that ended. A shape is learned when it is asked for the first time; from then on a
 * thread of its own keeps new shells of it in stock. A shell that was used belongs to the tenant it
 * served and goes to no other. When there are too many in all, the shape asked for longest ago
 * loses its own. Thread: any.
 *
 * @param <K> the shape
 * @param <S> a shell; what the pool holds, it closes
 */
public final class ShellPool<K, S extends AutoCloseable> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ShellPool.class);

  /**
   * A shell in stock.
   *
   * @param shell empty
   * @param tenant whose it is; null if it is anybody's
   */
  public record Stocked<S>(S shell, String tenant) {}

  private final Function<K, S> builder;
  private final int perShape;
  private final int maxTotal;

  /** In order of use, the longest unused first. */
  private final Map<K, Deque<Stocked<S>>> stock = new LinkedHashMap<>(16, 0.75f, true);

  private final Map<K, Integer> wanted = new HashMap<>();
  private final Thread refiller;
  private K failing;
  private boolean closed;

  /**
   * @param builder makes a shell; may throw where the machine has no room
   * @param perShape how many new ones to keep of each, unless {@link #want} says otherwise; 0
   *     builds none ahead
   * @param maxTotal most of all shapes together
   */
  public ShellPool(Function<K, S> builder, int perShape, int maxTotal) {
    this.builder = builder;
    this.perShape = Math.min(perShape, maxTotal);
    this.maxTotal = maxTotal;
    refiller = Thread.ofPlatform().name("shell-refill").daemon().start(this::refill);
  }

  /**
   * Says how many new shells of a shape to keep.
   *
   * @param shape which
   * @param count at most as many as the pool may hold are kept
   */
  public synchronized void want(K shape, int count) {
    wanted.put(shape, Math.min(count, maxTotal));
    failing = null;
    stock.computeIfAbsent(shape, _ -> new ArrayDeque<>());
    notifyAll();
  }

  private int wanted(K shape) {
    return wanted.getOrDefault(shape, perShape);
  }

  /**
   * Takes a shell and has another one built. Does not block.
   *
   * @param shape wanted
   * @param tenant who wants it; null gets new ones only
   * @return the caller's from now on; null if there is none in stock for this tenant
   */
  public synchronized S take(K shape, String tenant) {
    Deque<Stocked<S>> own = asked(shape);
    Stocked<S> found = null;
    for (Stocked<S> stocked : own) {
      if (stocked.tenant == null ? found == null : stocked.tenant.equals(tenant)) {
        found = stocked;
      }
      if (found != null && found.tenant != null) {
        break;
      }
    }
    if (found != null) {
      own.remove(found);
    }
    return found == null ? null : found.shell;
  }

  /**
   * Takes whatever shell is there, used ones first, for a sandbox whose tenant may still be chosen.
   *
   * @param shape wanted
   * @return the caller's from now on; null if there is none
   */
  public synchronized Stocked<S> takeAny(K shape) {
    return asked(shape).pollFirst();
  }

  private Deque<Stocked<S>> asked(K shape) {
    failing = null;
    notifyAll();
    return closed ? new ArrayDeque<>() : stock.computeIfAbsent(shape, _ -> new ArrayDeque<>());
  }

  /**
   * Puts a shell that was used into stock.
   *
   * @param shape its
   * @param tenant whom it served; null if anybody may have it next
   * @param shell empty; the pool's if this returns true
   * @return false if there is no room for it
   */
  public synchronized boolean giveBack(K shape, String tenant, S shell) {
    if (closed || size() >= maxTotal) {
      return false;
    }
    // Used ones in front: they are taken first.
    stock.computeIfAbsent(shape, _ -> new ArrayDeque<>()).addFirst(new Stocked<>(shell, tenant));
    return true;
  }

  /**
   * @return shells in stock, all shapes
   */
  public synchronized int size() {
    return stock.values().stream().mapToInt(Deque::size).sum();
  }

  /**
   * @param shape which
   * @return shells of it in stock
   */
  public synchronized int size(K shape) {
    Deque<Stocked<S>> own = stock.get(shape);
    return own == null ? 0 : own.size();
  }

  /** Closes what is in stock, and what is being built as soon as it is done. Idempotent. */
  @Override
  public void close() {
    List<S> left;
    synchronized (this) {
      closed = true;
      notifyAll();
      left = stock.values().stream().flatMap(Deque::stream).map(Stocked::shell).toList();
      stock.clear();
    }
    left.forEach(ShellPool::closeLogged);
    try {
      refiller.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void refill() {
    ThreadPriority.lower();
    try {
      while (true) {
        K shape = awaitNeed();
        if (shape == null) {
          return;
        }
        S shell = build(shape);
        if (shell != null) {
          put(shape, shell).forEach(ShellPool::closeLogged);
        }
      }
    } catch (InterruptedException e) {
      LOG.debug("interrupted", e);
    }
  }

  private S build(K shape) {
    try {
      return builder.apply(shape);
    } catch (RuntimeException e) {
      synchronized (this) {
        failing = shape;
      }
      LOG.warn("building a shell ahead failed; the next request tries again", e);
      return null;
    }
  }

  /** A shape that lacks new shells, the one used last first; null when closed. */
  private synchronized K awaitNeed() throws InterruptedException {
    while (!closed) {
      K needed = null;
      for (Map.Entry<K, Deque<Stocked<S>>> entry : stock.entrySet()) {
        K shape = entry.getKey();
        if (unused(entry.getValue()) < wanted(shape) && !shape.equals(failing)) {
          needed = shape;
        }
      }
      if (needed != null) {
        return needed;
      }
      wait();
    }
    return null;
  }

  private long unused(Deque<Stocked<S>> own) {
    return own.stream().filter(stocked -> stocked.tenant == null).count();
  }

  /** Puts a new shell in stock; those that must leave for it, or itself. */
  private synchronized List<S> put(K shape, S shell) {
    Deque<Stocked<S>> own = closed ? null : stock.get(shape);
    if (own == null) {
      return List.of(shell);
    }
    List<S> leaving = new ArrayList<>();
    var oldest = stock.entrySet().iterator();
    while (size() >= maxTotal && oldest.hasNext()) {
      Map.Entry<K, Deque<Stocked<S>>> entry = oldest.next();
      if (!entry.getKey().equals(shape)) {
        entry.getValue().forEach(stocked -> leaving.add(stocked.shell));
        oldest.remove();
      }
    }
    while (size() >= maxTotal && !own.isEmpty()) {
      leaving.add(own.pollFirst().shell);
    }
    own.addLast(new Stocked<>(shell, null));
    return leaving;
  }

  private static void closeLogged(AutoCloseable shell) {
    try {
      shell.close();
    } catch (Exception e) {
      LOG.error("closing a shell", e);
    }
  }
}
