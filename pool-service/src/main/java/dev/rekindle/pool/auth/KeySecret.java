package dev.rekindle.pool.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A key as its holder has it: {@code rk_<id>_<secret>}, 12 and 64 hex digits. Thread: any.
 *
 * @param id names the key
 * @param secret proves it
 */
record KeySecret(String id, String secret) {
  private static final Pattern SHAPE = Pattern.compile("rk_([0-9a-f]{12})_([0-9a-f]{64})");
  private static final SecureRandom RANDOM = new SecureRandom();

  static KeySecret fresh() {
    return new KeySecret(hex(6), hex(32));
  }

  private static String hex(int bytes) {
    byte[] value = new byte[bytes];
    RANDOM.nextBytes(value);
    return HexFormat.of().formatHex(value);
  }

  static Optional<KeySecret> parse(String shown) {
    Matcher matcher = SHAPE.matcher(shown);
    return matcher.matches()
        ? Optional.of(new KeySecret(matcher.group(1), matcher.group(2)))
        : Optional.empty();
  }

  String sha256() {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return HexFormat.of().formatHex(digest.digest(secret.getBytes(StandardCharsets.US_ASCII)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Compares in a time that does not tell how much is right. */
  boolean isOf(ApiKey key) {
    return MessageDigest.isEqual(
        sha256().getBytes(StandardCharsets.US_ASCII),
        key.sha256().getBytes(StandardCharsets.US_ASCII));
  }

  /** The whole key. To be told once, and never logged. */
  String text() {
    return "rk_" + id + "_" + secret;
  }

  @Override
  public String toString() {
    return "rk_" + id + "_...";
  }
}
