package dev.rekindle.snapshotter.index;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;

/** Signs what the index holds, by Ed25519. Thread: one at a time. */
public final class IndexSigner {
  /** Sets these signatures apart from any other use of the key. */
  static final byte[] CONTEXT =
      "rekindle index 1\0".getBytes(java.nio.charset.StandardCharsets.US_ASCII);

  private final PrivateKey key;

  IndexSigner(PrivateKey key) {
    this.key = key;
  }

  byte[] sign(byte[] message) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(key);
      signature.update(CONTEXT);
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has Ed25519", e);
    }
  }
}
