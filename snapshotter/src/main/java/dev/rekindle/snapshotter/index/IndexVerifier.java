package dev.rekindle.snapshotter.index;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Base64;

/** Verifies what the service signed. Thread: any. */
public final class IndexVerifier {
  static final int SIGNATURE_BYTES = 64;

  private final PublicKey key;

  IndexVerifier(PublicKey key) {
    this.key = key;
  }

  /**
   * @param text as {@link IndexKeys#publicKey()} gives it
   * @return a verifier of that key's signatures
   * @throws IllegalArgumentException if it is no such key
   */
  public static IndexVerifier of(String text) {
    try {
      return new IndexVerifier(
          KeyFactory.getInstance("Ed25519")
              .generatePublic(new X509EncodedKeySpec(Base64.getDecoder().decode(text))));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("not an Ed25519 public key: " + text, e);
    }
  }

  void verify(byte[] message, byte[] signature) throws IndexException {
    try {
      Signature verification = Signature.getInstance("Ed25519");
      verification.initVerify(key);
      verification.update(IndexSigner.CONTEXT);
      verification.update(message);
      if (verification.verify(signature)) {
        return;
      }
    } catch (SignatureException e) {
      // Not the encoding of a signature at all.
      throw new IndexException(IndexError.SIGNATURE_INVALID, "no signature: " + e.getMessage(), e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has Ed25519", e);
    }
    throw new IndexException(
        IndexError.SIGNATURE_INVALID, "a value that this service did not sign");
  }
}
