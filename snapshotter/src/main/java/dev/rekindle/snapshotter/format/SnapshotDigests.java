package dev.rekindle.snapshotter.format;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * What names a snapshot's bytes so that nobody can put others in their place: SHA-256, 64
 * lower-case hex digits each.
 *
 * @param manifest of manifest.json, whole
 * @param state of state.bin, whole
 * @param memory of the payload of state.bin's section {@code MSUM}, the checksums of memory.bin
 */
public record SnapshotDigests(String manifest, String state, String memory) {
  /** Hex digits of one. */
  public static final int HEX_DIGITS = 64;

  /**
   * @param manifestBytes manifest.json
   * @param stateBytes state.bin
   * @param memoryChecksums its section {@code MSUM}
   * @return their digests
   */
  public static SnapshotDigests of(
      byte[] manifestBytes, byte[] stateBytes, Section memoryChecksums) {
    return new SnapshotDigests(
        sha256(manifestBytes), sha256(stateBytes), sha256(memoryChecksums.payload()));
  }

  /**
   * @param bytes any
   * @return their SHA-256 in lower-case hex
   */
  public static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
