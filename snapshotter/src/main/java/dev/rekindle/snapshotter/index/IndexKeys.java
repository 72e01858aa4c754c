package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.DurableFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.NoSuchAlgorithmException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.Base64;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The service's key pair and the last generation it gave to a file, in {@code <state>/keys}: a
 * folder of mode 0700 that host processes do not see. Made at the first start. Thread: one at a
 * time.
 */
public final class IndexKeys {
  private static final Logger LOG = LoggerFactory.getLogger(IndexKeys.class);
  private static final String PRIVATE = "index.key";
  private static final String PUBLIC = "index.pub";
  private static final String GENERATION = "index.generation";
  private static final int MAX_BYTES = 4096;

  private final Path folder;
  private final String publicKey;

  private IndexKeys(Path folder, String publicKey) {
    this.folder = folder;
    this.publicKey = publicKey;
  }

  /**
   * @param stateDir the state directory
   * @return its keys, made if they are not there
   * @throws IOException if they cannot be read or made
   */
  public static IndexKeys open(Path stateDir) throws IOException {
    Path folder = stateDir.resolve("keys");
    var mode = PosixFilePermissions.fromString("rwx------");
    Files.createDirectories(folder, PosixFilePermissions.asFileAttribute(mode));
    Files.setPosixFilePermissions(folder, mode);
    if (!Files.exists(folder.resolve(PRIVATE)) || !Files.exists(folder.resolve(PUBLIC))) {
      make(folder);
    }
    return new IndexKeys(folder, text(folder.resolve(PUBLIC)).strip());
  }

  private static void make(Path folder) throws IOException {
    KeyPair pair;
    try {
      pair = KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has Ed25519", e);
    }
    String pub = Base64.getEncoder().encodeToString(pair.getPublic().getEncoded());
    // The private key last: as long as it is missing, both are made anew.
    Files.deleteIfExists(folder.resolve(PRIVATE));
    DurableFiles.replace(
        folder.resolve(PUBLIC), pub.getBytes(StandardCharsets.US_ASCII), "rw-------");
    DurableFiles.replace(folder.resolve(PRIVATE), pair.getPrivate().getEncoded(), "rw-------");
  }

  private static String text(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return new String(in.readNBytes(MAX_BYTES), StandardCharsets.US_ASCII);
    }
  }

  /**
   * @return the public key in Base64, for host processes' command lines
   */
  public String publicKey() {
    return publicKey;
  }

  /**
   * @return of the public key
   */
  public IndexVerifier verifier() {
    return IndexVerifier.of(publicKey);
  }

  /**
   * @return of the private key
   * @throws IOException if it cannot be read or is none
   */
  public IndexSigner signer() throws IOException {
    try {
      byte[] encoded = Files.readAllBytes(folder.resolve(PRIVATE));
      return new IndexSigner(
          KeyFactory.getInstance("Ed25519").generatePrivate(new PKCS8EncodedKeySpec(encoded)));
    } catch (GeneralSecurityException e) {
      throw new IOException(folder.resolve(PRIVATE) + " is no Ed25519 key", e);
    }
  }

  /**
   * Gives out a generation that no file ever had, durably, since readers refuse to go back.
   *
   * @param atLeast lower bound, from what lies about
   * @return the new generation
   * @throws IOException if it cannot be written
   */
  long nextGeneration(long atLeast) throws IOException {
    long last;
    try {
      last = Long.parseLong(text(folder.resolve(GENERATION)).strip());
    } catch (NoSuchFileException e) {
      last = 0;
    } catch (NumberFormatException e) {
      // Further than one start a second can have come.
      LOG.warn("{} holds no number; the clock's seconds are taken", folder.resolve(GENERATION));
      last = Instant.now().getEpochSecond();
    }
    long next = Math.max(last + 1, atLeast);
    DurableFiles.replace(
        folder.resolve(GENERATION),
        Long.toString(next).getBytes(StandardCharsets.US_ASCII),
        "rw-------");
    return next;
  }
}
