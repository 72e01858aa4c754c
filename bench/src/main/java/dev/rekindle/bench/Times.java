package dev.rekindle.bench;

import java.util.Arrays;

/**
 * What was measured of one way, by size. Percentiles are by nearest rank: each is a measured one.
 */
final class Times {
  private final long[] sorted;

  /**
   * @param nanos at least one, in any order; copied
   */
  Times(long... nanos) {
    if (nanos.length == 0) {
      throw new IllegalArgumentException("nanos must have at least one time");
    }
    sorted = nanos.clone();
    Arrays.sort(sorted);
  }

  int count() {
    return sorted.length;
  }

  /**
   * @param percent {@code (0, 100]}
   * @return the smallest time that at least this part of all does not exceed, milliseconds
   */
  double millis(double percent) {
    if (!(percent > 0 && percent <= 100)) {
      throw new IllegalArgumentException("percent must be in (0, 100], got " + percent);
    }
    int rank = (int) Math.ceil(percent / 100 * sorted.length);
    return sorted[Math.max(rank, 1) - 1] / 1e6;
  }

  double minMillis() {
    return sorted[0] / 1e6;
  }
}
