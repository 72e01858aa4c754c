package dev.rekindle.pool.auth;

/**
 * How many requests may still be sent: a bucket that holds those of one second and is filled again
 * evenly.
 */
final class RequestRate {
  private static final double NANOS = 1e9;

  private final int perSecond;
  private double tokens;
  private long atNanos;

  RequestRate(int perSecond, long nowNanos) {
    this.perSecond = perSecond;
    tokens = perSecond;
    atNanos = nowNanos;
  }

  /** Takes one if there is one. */
  boolean take(long nowNanos) {
    tokens = Math.min(perSecond, tokens + (nowNanos - atNanos) / NANOS * perSecond);
    atNanos = nowNanos;
    if (tokens < 1) {
      return false;
    }
    tokens--;
    return true;
  }

  Grant.Rate left() {
    return new Grant.Rate(
        perSecond, (int) tokens, (int) Math.ceil((perSecond - tokens) / perSecond));
  }
}
