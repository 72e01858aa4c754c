package dev.rekindle.pool.jail;

/**
 * The jail as the operator wants it.
 *
 * @param mode how much of it
 * @param seccomp {@code kill}, {@code log} or {@code off}
 * @param firstUid of the range of users, one for each slot of a host process, {@code [1000, 2^31 -
 *     1024]}
 * @param limits of each process
 */
public record JailSettings(JailMode mode, String seccomp, int firstUid, HostLimits limits) {
  /** What a service has that was told nothing. */
  public static final JailSettings DEFAULT =
      new JailSettings(JailMode.AUTO, "kill", 64_000, HostLimits.DEFAULT);

  /** Checks the values. */
  public JailSettings {
    if (!seccomp.matches("kill|log|off")) {
      throw new IllegalArgumentException("seccomp must be kill, log or off, got " + seccomp);
    }
    if (firstUid < 1000 || firstUid > Integer.MAX_VALUE - 1024) {
      throw new IllegalArgumentException(
          "first-uid must be in [1000, " + (Integer.MAX_VALUE - 1024) + "], got " + firstUid);
    }
  }
}
