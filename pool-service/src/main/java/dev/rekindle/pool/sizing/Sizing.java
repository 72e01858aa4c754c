package dev.rekindle.pool.sizing;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How many to keep ready, from what was seen. Sandboxes are made one after the other, so the number
 * being made or waiting to be made is that of a queue with one server: with utilisation r (arrivals
 * a second times seconds to make one) it reaches n with probability r^n, and an acquire misses when
 * it reaches the number kept. So the smallest n with r^n at most the allowed miss rate is kept, and
 * never fewer than came in the largest burst that one could be made in.
 */
public final class Sizing {
  /** Assumed until one was made, seconds. */
  static final double DEFAULT_MAKE_SECONDS = 1;

  /** An acquire's 99th percentile allows a hundredth to miss. */
  private static final double P99_MISSES = 0.01;

  /** Above this utilisation no stock lasts. */
  private static final double MAX_UTILISATION = 0.95;

  /**
   * What was seen.
   *
   * @param perSecond arrivals
   * @param burst most arrivals within the time it takes to make one
   * @param makeSeconds to make a parked sandbox; 0 if none was made yet
   * @param parkedP99Micros of acquires served parked; 0 if there was none
   * @param shellP99Micros of acquires served from a shell; 0 if there was none
   * @param leased now
   */
  public record Evidence(
      double perSecond,
      int burst,
      double makeSeconds,
      long parkedP99Micros,
      long shellP99Micros,
      int leased) {}

  /**
   * @param parked sandboxes to keep
   * @param shells VMs to keep
   * @param reasons why, for people, in the order of the reasoning
   */
  public record Decision(int parked, int shells, List<String> reasons) {}

  private Sizing() {}

  /**
   * @param spec of the operator
   * @param evidence seen
   * @param memoryMib of one sandbox
   * @param vcpus of one sandbox
   * @return within the maxima and budgets, whatever was seen
   */
  public static Decision decide(PoolSpec spec, Evidence evidence, int memoryMib, int vcpus) {
    List<String> reasons = new ArrayList<>();
    double wanted = wanted(spec, evidence, reasons);
    int parked = spec.parked().clamp(wanted);
    if (parked != Math.ceil(wanted)) {
      reasons.add(
          "parked kept within [%d, %d]".formatted(spec.parked().min(), spec.parked().max()));
    }
    int places = spec.places(memoryMib, vcpus);
    int free = (int) Math.max(0, (long) places - evidence.leased());
    if (parked > free) {
      parked = free;
      reasons.add(
          "budgets allow %d sandboxes of %d MiB and %d vCPUs, %d are leased"
              .formatted(places, memoryMib, vcpus, evidence.leased()));
    }
    int shells = spec.shells().clamp(Math.max(0, evidence.burst() - parked));
    reasons.add(
        "%d shells: the largest burst was %d, %d of it parked"
            .formatted(shells, evidence.burst(), parked));
    return new Decision(parked, shells, List.copyOf(reasons));
  }

  private static double wanted(PoolSpec spec, Evidence e, List<String> reasons) {
    PoolSpec.Target target = spec.target();
    if (target == null) {
      reasons.add("no target: the minimum");
      return spec.parked().min();
    }
    if (target.missRate() != null) {
      return forMisses(target.missRate(), e, reasons);
    }
    long limit = target.acquireP99Micros();
    if (e.shellP99Micros() > 0 && e.shellP99Micros() <= limit) {
      reasons.add(
          "acquires from a shell have a p99 of %d µs, within %d µs: parking is not needed"
              .formatted(e.shellP99Micros(), limit));
      return spec.parked().min();
    }
    if (e.parkedP99Micros() > limit) {
      reasons.add(
          "even parked acquires have a p99 of %d µs, above %d µs: the target is out of reach"
              .formatted(e.parkedP99Micros(), limit));
    }
    reasons.add("a p99 allows 1 % to miss");
    return forMisses(P99_MISSES, e, reasons);
  }

  private static double forMisses(double missRate, Evidence e, List<String> reasons) {
    double make = e.makeSeconds() > 0 ? e.makeSeconds() : DEFAULT_MAKE_SECONDS;
    double utilisation = e.perSecond() * make;
    reasons.add(
        String.format(
            Locale.ROOT,
            "%.2f acquires a second, %.3f s to make one%s: utilisation %.2f",
            e.perSecond(),
            make,
            e.makeSeconds() > 0 ? "" : " (assumed)",
            utilisation));
    if (e.perSecond() == 0) {
      return 0;
    }
    if (utilisation >= MAX_UTILISATION) {
      reasons.add("making them does not keep up with the acquires: as many as allowed");
      return Integer.MAX_VALUE;
    }
    double forRate = Math.ceil(Math.log(missRate) / Math.log(utilisation));
    reasons.add(
        String.format(
            Locale.ROOT,
            "%.0f keep misses at or below %.4f; the largest burst was %d",
            forRate,
            missRate,
            e.burst()));
    return Math.max(forRate, e.burst());
  }
}
