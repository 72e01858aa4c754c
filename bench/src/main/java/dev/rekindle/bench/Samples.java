package dev.rekindle.bench;

import java.util.Arrays;

/**
 * What one way of restoring took.
 *
 * @param micros every run, microseconds
 * @param perSecond runs a second, with all that lies between them
 */
record Samples(double[] micros, double perSecond) {
  Samples {
    micros = micros.clone();
    Arrays.sort(micros);
  }

  static Samples ofNanos(long[] nanos, double perSecond) {
    return new Samples(Arrays.stream(nanos).mapToDouble(n -> n / 1e3).toArray(), perSecond);
  }

  /** The same way measured again: all runs together, the mean of the rates. */
  Samples and(Samples other) {
    double[] all = Arrays.copyOf(micros, micros.length + other.micros.length);
    System.arraycopy(other.micros, 0, all, micros.length, other.micros.length);
    return new Samples(all, (perSecond + other.perSecond) / 2);
  }

  /**
   * @param percent {@code [0, 100]}
   * @return the nearest rank
   */
  double percentile(double percent) {
    int rank = (int) Math.ceil(percent / 100 * micros.length);
    return micros[Math.max(0, rank - 1)];
  }
}
