package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.restore.ThreadPriority;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sandboxes made ahead, by the recipe they were made of. A thread of low priority keeps as many as
 * are wanted; it lets acquires that are under way finish before it begins another. Thread: any.
 *
 * @param <R> what one is made of; equal recipes make equal sandboxes
 * @param <P> a parked sandbox; what the stock holds, it closes
 */
final class ParkedStock<R, P extends ParkedStock.Parked> implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(ParkedStock.class);

  /** Refilling waits for acquires this long, so that a steady stream of them cannot starve it. */
  private static final long PATIENCE_MILLIS = 50;

  private static final long FIRST_DELAY_MILLIS = 1_000;
  private static final long LONGEST_DELAY_MILLIS = 30_000;

  /** A sandbox in the stock. */
  interface Parked extends AutoCloseable {
    /**
     * @return who alone may have it; null for anybody
     */
    String tenant();

    /**
     * @return false if it stopped by itself
     */
    boolean alive();

    @Override
    void close();
  }

  /** Makes one; blocks. */
  interface Maker<R, P> {
    P make(R recipe) throws HostException;
  }

  /**
   * How the stock of one recipe does.
   *
   * @param parked there
   * @param wanted kept, if it can be
   * @param made since it was first wanted
   * @param makeMicros mean of the last ones; 0 before the first
   * @param failures since the last that was made
   * @param lastError of the last failure; null if there was none
   */
  record Level(
      int parked, int wanted, long made, long makeMicros, int failures, String lastError) {}

  private final class Shelf {
    private final Deque<P> parked = new ArrayDeque<>();
    private int wanted;
    private long made;
    private long makeMicros;
    private int failures;
    private String lastError;
    private long notBeforeNanos = System.nanoTime();

    private Level level() {
      return new Level(parked.size(), wanted, made, makeMicros, failures, lastError);
    }
  }

  private final Maker<R, P> maker;
  private final BooleanSupplier busy;
  private final Map<R, Shelf> shelves = new LinkedHashMap<>();
  private final Thread refiller;
  private boolean closed;

  /**
   * @param maker makes a sandbox
   * @param busy whether somebody waits for a sandbox right now
   */
  ParkedStock(Maker<R, P> maker, BooleanSupplier busy) {
    this.maker = maker;
    this.busy = busy;
    refiller = Thread.ofPlatform().name("parked-refill").daemon().start(this::refill);
  }

  /** Says how many to keep; those above it are closed by the caller's thread. */
  void want(R recipe, int count) {
    Deque<P> surplus = new ArrayDeque<>();
    synchronized (this) {
      if (closed) {
        return;
      }
      Shelf shelf = shelves.computeIfAbsent(recipe, _ -> new Shelf());
      shelf.wanted = count;
      shelf.failures = 0;
      shelf.notBeforeNanos = System.nanoTime();
      while (shelf.parked.size() > count) {
        surplus.add(shelf.parked.pollLast());
      }
      if (count == 0) {
        shelves.remove(recipe);
      }
      notifyAll();
    }
    surplus.forEach(Parked::close);
  }

  /** Takes one that a tenant may have, its own first; null if there is none. Does not block. */
  P take(R recipe, String tenant) {
    Deque<P> dead = new ArrayDeque<>();
    P found = null;
    synchronized (this) {
      Shelf shelf = shelves.get(recipe);
      if (shelf == null) {
        return null;
      }
      var all = shelf.parked.iterator();
      while (all.hasNext()) {
        P next = all.next();
        if (!next.alive()) {
          dead.add(next);
          all.remove();
        } else if (next.tenant() == null ? found == null : next.tenant().equals(tenant)) {
          found = next;
        }
      }
      if (found != null) {
        shelf.parked.remove(found);
      }
      notifyAll();
    }
    dead.forEach(Parked::close);
    return found;
  }

  /** Levels by recipe. */
  synchronized Map<R, Level> levels() {
    Map<R, Level> levels = new LinkedHashMap<>();
    shelves.forEach((recipe, shelf) -> levels.put(recipe, shelf.level()));
    return levels;
  }

  private void refill() {
    ThreadPriority.lower();
    try {
      while (true) {
        R recipe = awaitNeed();
        if (recipe == null) {
          return;
        }
        letAcquiresPass();
        make(recipe);
      }
    } catch (InterruptedException e) {
      LOG.debug("interrupted", e);
    }
  }

  private void letAcquiresPass() throws InterruptedException {
    for (int i = 0; i < PATIENCE_MILLIS && busy.getAsBoolean(); i++) {
      Thread.sleep(1);
    }
  }

  private void make(R recipe) {
    long began = System.nanoTime();
    P made;
    try {
      made = maker.make(recipe);
    } catch (HostException | RuntimeException e) {
      LOG.warn("a sandbox could not be made ahead: {}", e.getMessage());
      failed(recipe, e.getMessage());
      return;
    }
    if (!put(recipe, made, (System.nanoTime() - began) / 1000)) {
      made.close();
    }
  }

  private synchronized boolean put(R recipe, P made, long micros) {
    Shelf shelf = closed ? null : shelves.get(recipe);
    if (shelf == null || shelf.parked.size() >= shelf.wanted) {
      return false;
    }
    shelf.parked.add(made);
    shelf.made++;
    shelf.failures = 0;
    shelf.makeMicros = shelf.makeMicros == 0 ? micros : (shelf.makeMicros * 7 + micros) / 8;
    return true;
  }

  private synchronized void failed(R recipe, String message) {
    Shelf shelf = shelves.get(recipe);
    if (shelf != null) {
      long delay =
          Math.min(LONGEST_DELAY_MILLIS, FIRST_DELAY_MILLIS << Math.min(shelf.failures, 10));
      shelf.failures++;
      shelf.lastError = message;
      shelf.notBeforeNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(delay);
    }
  }

  /** The recipe that lacks most of what it wants; null when closed. */
  private synchronized R awaitNeed() throws InterruptedException {
    while (!closed) {
      R needed = null;
      double worst = 0;
      long soonest = Long.MAX_VALUE;
      for (Map.Entry<R, Shelf> entry : shelves.entrySet()) {
        Shelf shelf = entry.getValue();
        int lacking = shelf.wanted - shelf.parked.size();
        long delay = shelf.notBeforeNanos - System.nanoTime();
        if (lacking > 0 && delay > 0) {
          soonest = Math.min(soonest, delay);
        } else if (lacking > 0 && (double) lacking / shelf.wanted > worst) {
          worst = (double) lacking / shelf.wanted;
          needed = entry.getKey();
        }
      }
      if (needed != null) {
        return needed;
      }
      if (soonest == Long.MAX_VALUE) {
        wait();
      } else {
        TimeUnit.NANOSECONDS.timedWait(this, soonest + 1_000_000);
      }
    }
    return null;
  }

  /** Closes what is in stock, and what is being made as soon as it is done. Idempotent. */
  @Override
  public void close() {
    Deque<P> left = new ArrayDeque<>();
    synchronized (this) {
      closed = true;
      shelves.values().forEach(shelf -> left.addAll(shelf.parked));
      shelves.clear();
      notifyAll();
    }
    left.forEach(Parked::close);
    try {
      refiller.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
