package dev.rekindle.snapshotter.restore;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs built ahead, by shape, so that a restore need not build one. A shape is learned when it is
 * asked for the first time; from then on a thread of its own keeps shells of it in stock. When
 * there are too many in all, the shape asked for longest ago loses its own. Thread: any.
 *
 * @param <K> the shape
 * @param <S> a shell; what the pool holds, it closes
 */
public final class ShellPool<K, S extends AutoCloseable> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ShellPool.class);

  private final Function<K, S> builder;
  private final int perShape;
  private final int maxTotal;

  /** In order of use, the longest unused first. */
  private final Map<K, Deque<S>> stock = new LinkedHashMap<>(16, 0.75f, true);

  private final Thread refiller;
  private K failing;
  private boolean closed;

  /**
   * @param builder makes a shell; may throw where the machine has no room
   * @param perShape how many to keep of each; 0 switches the pool off
   * @param maxTotal most of all shapes together
   */
  public ShellPool(Function<K, S> builder, int perShape, int maxTotal) {
    this.builder = builder;
    this.perShape = Math.min(perShape, maxTotal);
    this.maxTotal = maxTotal;
    refiller = Thread.ofPlatform().name("shell-refill").daemon().start(this::refill);
  }

  /**
   * Takes a shell and has another one built. Does not block.
   *
   * @param shape wanted
   * @return the caller's from now on; null if there is none in stock
   */
  public synchronized S take(K shape) {
    if (closed || perShape == 0) {
      return null;
    }
    failing = null;
    S shell = stock.computeIfAbsent(shape, _ -> new ArrayDeque<>()).poll();
    notifyAll();
    return shell;
  }

  /**
   * @return shells in stock, all shapes
   */
  public synchronized int size() {
    return stock.values().stream().mapToInt(Deque::size).sum();
  }

  /** Closes what is in stock, and what is being built as soon as it is done. Idempotent. */
  @Override
  public void close() {
    List<S> left;
    synchronized (this) {
      closed = true;
      notifyAll();
      left = stock.values().stream().flatMap(Deque::stream).toList();
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
      LOG.warn("building a shell ahead failed; the next request tries again", e);
      synchronized (this) {
        failing = shape;
      }
      return null;
    }
  }

  /** A shape that lacks shells, the one used last first; null when closed. */
  private synchronized K awaitNeed() throws InterruptedException {
    while (!closed) {
      K needed = null;
      for (Map.Entry<K, Deque<S>> entry : stock.entrySet()) {
        if (entry.getValue().size() < perShape && !entry.getKey().equals(failing)) {
          needed = entry.getKey();
        }
      }
      if (needed != null) {
        return needed;
      }
      wait();
    }
    return null;
  }

  /** Puts a shell in stock; those that must leave for it, or itself. */
  private synchronized List<S> put(K shape, S shell) {
    Deque<S> own = closed ? null : stock.get(shape);
    if (own == null) {
      return List.of(shell);
    }
    List<S> leaving = new ArrayList<>();
    var oldest = stock.entrySet().iterator();
    while (size() >= maxTotal && oldest.hasNext()) {
      Map.Entry<K, Deque<S>> entry = oldest.next();
      if (!entry.getKey().equals(shape)) {
        leaving.addAll(entry.getValue());
        oldest.remove();
      }
    }
    own.add(shell);
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
