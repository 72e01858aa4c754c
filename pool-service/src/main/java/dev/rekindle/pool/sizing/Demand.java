package dev.rekindle.pool.sizing;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * The acquires of one template in the last {@value #WINDOW_SECONDS} s: when they came, and how long
 * each way of serving took. Thread: one.
 */
public final class Demand {
  /** How far back it looks, seconds. */
  public static final int WINDOW_SECONDS = 300;

  private static final long WINDOW_NANOS = WINDOW_SECONDS * 1_000_000_000L;

  /** Most arrivals remembered; beyond it the window is shorter. */
  private static final int MAX_ARRIVALS = 100_000;

  private static final int TIMES_KEPT = 512;

  private final Deque<Long> arrivals = new ArrayDeque<>();
  private final Map<String, long[]> times = new HashMap<>();
  private final Map<String, Long> counts = new HashMap<>();
  private long firstNanos;
  private boolean any;

  /**
   * An acquire came.
   *
   * @param nowNanos monotonic
   */
  public void arrived(long nowNanos) {
    if (!any) {
      any = true;
      firstNanos = nowNanos;
    }
    arrivals.add(nowNanos);
    forget(nowNanos);
  }

  private void forget(long nowNanos) {
    while (!arrivals.isEmpty()
        && (nowNanos - arrivals.peek() > WINDOW_NANOS || arrivals.size() > MAX_ARRIVALS)) {
      arrivals.poll();
    }
  }

  /**
   * An acquire was served.
   *
   * @param served how
   * @param micros from its turn to its answer
   */
  public void served(String served, long micros) {
    long count = counts.merge(served, 1L, Long::sum);
    times.computeIfAbsent(served, _ -> new long[TIMES_KEPT])[(int) ((count - 1) % TIMES_KEPT)] =
        micros;
  }

  /**
   * @return acquires by how they were served, ever
   */
  public Map<String, Long> counts() {
    return Map.copyOf(counts);
  }

  /**
   * @param served how
   * @return 99th percentile of the last 512, microseconds; 0 if there was none
   */
  public long p99Micros(String served) {
    long count = counts.getOrDefault(served, 0L);
    if (count == 0) {
      return 0;
    }
    long[] kept = Arrays.copyOf(times.get(served), (int) Math.min(count, TIMES_KEPT));
    Arrays.sort(kept);
    return kept[(int) Math.ceil(kept.length * 0.99) - 1];
  }

  /**
   * @param nowNanos monotonic
   * @return acquires a second over the window, or over the time since the first if that is shorter
   *     (a second at least)
   */
  public double perSecond(long nowNanos) {
    forget(nowNanos);
    double seconds = Math.min(WINDOW_SECONDS, Math.max(1, (nowNanos - firstNanos) / 1e9));
    return arrivals.size() / seconds;
  }

  /**
   * @param nowNanos monotonic
   * @param spanNanos more than 0
   * @return most acquires that came within any span of this length, in the window
   */
  public int burst(long nowNanos, long spanNanos) {
    forget(nowNanos);
    int most = 0;
    Deque<Long> within = new ArrayDeque<>();
    for (long arrival : arrivals) {
      within.add(arrival);
      while (arrival - within.peek() > spanNanos) {
        within.poll();
      }
      most = Math.max(most, within.size());
    }
    return most;
  }
}
