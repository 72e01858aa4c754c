package dev.rekindle.cli.doctor;

import java.util.Optional;

/**
 * How far a guest's clock is from ours. Asking takes time, and the guest answered at some moment of
 * it: only what lies outside is known to be wrong.
 *
 * @param known whether the guest gave a time
 * @param nanos how far its time is before (negative) or after the time of asking; 0 if within
 * @param askingNanos how long asking took, the guest's own resolution included
 */
public record ClockSkew(boolean known, long nanos, long askingNanos) {
  private static final long SECOND_NANOS = 1_000_000_000L;

  /** None was measured. */
  public static final ClockSkew UNKNOWN = new ClockSkew(false, 0, Long.MAX_VALUE);

  /**
   * @param answer what {@link CloneFacts#CLOCK_COMMAND} printed
   * @param beforeNanos our clock when it was asked, since 1970
   * @param afterNanos our clock when the answer was there
   * @return the skew
   */
  public static ClockSkew of(String answer, long beforeNanos, long afterNanos) {
    Optional<long[]> guest = range(answer.strip());
    if (guest.isEmpty()) {
      return UNKNOWN;
    }
    long earliest = guest.get()[0];
    long latest = guest.get()[1];
    long asking = afterNanos - beforeNanos + (latest - earliest);
    if (latest < beforeNanos) {
      return new ClockSkew(true, latest - beforeNanos, asking);
    }
    return new ClockSkew(true, Math.max(0, earliest - afterNanos), asking);
  }

  /** From the first to the last moment that the answer may mean. */
  private static Optional<long[]> range(String answer) {
    String seconds = answer.split("\\.", 2)[0];
    if (!seconds.matches("[0-9]{1,9}|[1-8][0-9]{9}")) {
      return Optional.empty();
    }
    long start = Long.parseLong(seconds) * SECOND_NANOS;
    String rest = answer.substring(seconds.length());
    if (rest.matches("\\.[0-9]{9}")) {
      long nanos = start + Long.parseLong(rest.substring(1));
      return Optional.of(new long[] {nanos, nanos});
    }
    return Optional.of(new long[] {start, start + SECOND_NANOS - 1});
  }

  /**
   * @param other another measurement of the same clock
   * @return the one that was quicker
   */
  public ClockSkew better(ClockSkew other) {
    return other.askingNanos < askingNanos ? other : this;
  }
}
