package dev.rekindle.pool.lease;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;

/** What must not be guessed. Thread: any. */
final class LeaseSecrets {
  private static final SecureRandom RANDOM = new SecureRandom();

  private LeaseSecrets() {}

  static String hex(int bytes) {
    byte[] value = new byte[bytes];
    RANDOM.nextBytes(value);
    return HexFormat.of().formatHex(value);
  }

  /** Compares in a time that does not tell how much is right. */
  static boolean isEqual(String shown, String secret) {
    return MessageDigest.isEqual(
        shown.getBytes(StandardCharsets.UTF_8), secret.getBytes(StandardCharsets.UTF_8));
  }
}
