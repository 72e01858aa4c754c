package dev.rekindle.pool.feed;

import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseObserver;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The last {@value #KEPT} things that happened to leases, and who wants to know of the next ones.
 * What an event costs the lease it is about is its place in a ring; readers are woken a few times a
 * second, if there are any. Thread: one event loop.
 */
public final class LeaseFeed implements LeaseObserver {
  /** Events kept for who comes later, or reads slowly. */
  public static final int KEPT = 1_024;

  private static final long WAKE_MILLIS = 50;

  /** Something that happened. */
  public sealed interface Event {
    /**
     * @return when
     */
    Instant at();

    /** A lease was given. */
    record Given(Instant at, Lease lease) implements Event {}

    /** A lease ended: {@code released}, {@code expired} or {@code lost}. */
    record Ended(Instant at, Lease lease, String reason) implements Event {}

    /** A lease was refused; {@code code} says why. */
    record Refused(Instant at, String code) implements Event {}
  }

  private final Vertx vertx;
  private final InstantSource clock;
  private final Event[] ring = new Event[KEPT];
  private final Set<Runnable> readers = new LinkedHashSet<>();
  private long next;
  private boolean waking;

  /**
   * @param vertx whose event loop this runs on
   * @param clock of the events
   */
  public LeaseFeed(Vertx vertx, InstantSource clock) {
    this.vertx = vertx;
    this.clock = clock;
  }

  @Override
  public void given(Lease lease) {
    add(new Event.Given(clock.instant(), lease));
  }

  @Override
  public void ended(Lease lease, String reason) {
    add(new Event.Ended(clock.instant(), lease, reason));
  }

  @Override
  public void refused(String code) {
    add(new Event.Refused(clock.instant(), code));
  }

  private void add(Event event) {
    ring[(int) (next++ % KEPT)] = event;
    if (!waking && !readers.isEmpty()) {
      waking = true;
      vertx.setTimer(WAKE_MILLIS, _ -> wake());
    }
  }

  private void wake() {
    waking = false;
    List.copyOf(readers).forEach(Runnable::run);
  }

  /**
   * @return the number of the oldest event that is kept; events are numbered from 0
   */
  public long oldest() {
    return Math.max(0, next - KEPT);
  }

  /**
   * @return the number of the event to come
   */
  public long next() {
    return next;
  }

  /**
   * @param number in {@code [oldest, next)}
   * @return the event
   */
  public Event event(long number) {
    return ring[(int) (number % KEPT)];
  }

  /**
   * @return who reads now
   */
  public int readers() {
    return readers.size();
  }

  /**
   * Wakes a reader from now on, soon after each event.
   *
   * @param reader by identity
   */
  public void add(Runnable reader) {
    readers.add(reader);
  }

  /**
   * Wakes it no more.
   *
   * @param reader by identity
   */
  public void remove(Runnable reader) {
    readers.remove(reader);
  }

  /**
   * How long a lease was held.
   *
   * @param ended its end
   * @return since it was given
   */
  public static Duration held(Event.Ended ended) {
    return Duration.between(ended.lease().createdAt(), ended.at());
  }
}
