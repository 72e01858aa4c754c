package dev.rekindle.snapshotter.restore;

import java.security.SecureRandom;
import java.time.Instant;

/**
 * What makes a restored guest differ from every other of its snapshot. Holds a seed: never logged.
 *
 * @param hostname new host name
 * @param machineId 32 hex digits
 * @param leaseId whose it is
 * @param generationId 16 random bytes, also in the guest's generation id page
 * @param entropy 64 random bytes for the kernel's pool
 */
public record CloneIdentity(
    String hostname, String machineId, String leaseId, byte[] generationId, byte[] entropy) {
  /** Bytes of a VM generation id. */
  public static final int GENERATION_ID_BYTES = 16;

  /** Bytes of fresh entropy. */
  public static final int ENTROPY_BYTES = 64;

  private static final SecureRandom RANDOM = new SecureRandom();

  /**
   * With fresh randomness.
   *
   * @param hostname new host name
   * @param machineId 32 hex digits
   * @param leaseId whose it is
   * @return an identity no other clone has
   */
  public static CloneIdentity fresh(String hostname, String machineId, String leaseId) {
    byte[] generationId = new byte[GENERATION_ID_BYTES];
    byte[] entropy = new byte[ENTROPY_BYTES];
    RANDOM.nextBytes(generationId);
    RANDOM.nextBytes(entropy);
    return new CloneIdentity(hostname, machineId, leaseId, generationId, entropy);
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
    return "CloneIdentity[" + hostname + ", " + leaseId + "]";
  }
}
