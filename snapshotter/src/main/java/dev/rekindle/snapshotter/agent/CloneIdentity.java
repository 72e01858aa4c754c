package dev.rekindle.snapshotter.agent;

import java.security.SecureRandom;
import java.time.Instant;

/**
 * What makes a restored guest differ from every other of its snapshot. Holds a seed: never logged.
 *
 * @param names chosen by whoever asked for the clone
 * @param generationId 16 random bytes, also in the guest's generation id page
 * @param entropy 64 random bytes for the kernel's pool
 */
public record CloneIdentity(CloneNames names, byte[] generationId, byte[] entropy) {
  /** Bytes of fresh entropy. */
  public static final int ENTROPY_BYTES = 64;

  private static final SecureRandom RANDOM = new SecureRandom();

  /**
   * With fresh entropy.
   *
   * @param names chosen by whoever asked for the clone
   * @param generationId of the clone
   * @return an identity no other clone has
   */
  public static CloneIdentity fresh(CloneNames names, byte[] generationId) {
    byte[] entropy = new byte[ENTROPY_BYTES];
    RANDOM.nextBytes(entropy);
    return new CloneIdentity(names, generationId, entropy);
  }

  /**
   * @return nanoseconds since 1970, now
   */
  public static long wallclockNanos() {
    Instant now = Instant.now();
    return Math.addExact(Math.multiplyExact(now.getEpochSecond(), 1_000_000_000L), now.getNano());
  }

  @Override
  public String toString() {
    return "CloneIdentity[" + names + "]";
  }
}
