package dev.rekindle.pool.lease;

import dev.rekindle.pool.journal.Digest;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.HexFormat;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What must not be guessed. A lease asked for with an Idempotency-Key has a token made from the
 * service's secret and that key, so that whoever shows the key again can be told the token again
 * although nothing on disk holds either. Thread: any.
 */
final class LeaseSecrets {
  private static final Logger LOG = LoggerFactory.getLogger(LeaseSecrets.class);
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final int SECRET_BYTES = 32;
  private static final String HMAC = "HmacSHA256";

  private final SecretKeySpec secret;

  private LeaseSecrets(byte[] secret) {
    this.secret = new SecretKeySpec(secret, HMAC);
  }

  /**
   * Reads the service's secret, or makes one for its owner alone. Without the old one keys of
   * leases before are not known any more.
   */
  static LeaseSecrets load(Path file) throws IOException {
    if (Files.exists(file)) {
      byte[] stored = Files.readAllBytes(file);
      if (stored.length == SECRET_BYTES) {
        return new LeaseSecrets(stored);
      }
      LOG.error("{} has {} bytes and is replaced", file, stored.length);
    }
    byte[] made = random(SECRET_BYTES);
    Path unfinished =
        Files.createTempFile(
            file.getParent(),
            "secret",
            ".tmp",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.write(unfinished, made);
    try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
      channel.force(true);
    }
    Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
    return new LeaseSecrets(made);
  }

  private static byte[] random(int bytes) {
    byte[] value = new byte[bytes];
    RANDOM.nextBytes(value);
    return value;
  }

  static String hex(int bytes) {
    return HexFormat.of().formatHex(random(bytes));
  }

  /** The first token of a lease asked for with a key. */
  String token(String leaseId, IdempotencyKey key) {
    return HexFormat.of().formatHex(mac("token", leaseId, key.scope(), key.value()));
  }

  /** By which a key is known; tells nothing of it without the secret. */
  Digest ofKey(IdempotencyKey key) {
    return Digest.of(mac("key", key.scope(), key.value()));
  }

  static Digest ofToken(String token) {
    try {
      MessageDigest sha = MessageDigest.getInstance("SHA-256");
      return Digest.of(sha.digest(token.getBytes(StandardCharsets.UTF_8)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] mac(String... parts) {
    try {
      Mac mac = Mac.getInstance(HMAC);
      mac.init(secret);
      for (String part : parts) {
        mac.update(part.getBytes(StandardCharsets.UTF_8));
        mac.update((byte) 0);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
