package dev.rekindle.snapshotter.index;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * The envelope of every value: header, payload, signature; {@code docs/snapshot-index.md},
 * "Values".
 *
 * @param kind of the payload
 * @param sequence ascends with every value the service signs
 * @param payload what it says
 */
record SignedValue(int kind, long sequence, byte[] payload) {
  static final int SNAPSHOT = 1;
  static final int TEMPLATE = 2;
  static final int POINTER = 3;

  /** Largest value, envelope included. */
  static final int MAX_BYTES = 2048;

  private static final int MAGIC = 0x58494B52;
  private static final short VERSION = 1;
  private static final int CRC_OFFSET = 20;
  private static final int HEADER_BYTES = 24;

  /** The whole value. */
  byte[] sign(IndexSigner signer) throws IndexException {
    int total = HEADER_BYTES + payload.length + IndexVerifier.SIGNATURE_BYTES;
    if (total > MAX_BYTES) {
      throw new IndexException(
          IndexError.FULL, "a value of " + total + " bytes; at most " + MAX_BYTES);
    }
    ByteBuffer out = ByteBuffer.allocate(total).order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(MAGIC).putShort(VERSION).putShort((short) kind).putLong(sequence);
    out.putInt(payload.length).putInt(0).put(payload);
    out.put(signer.sign(signed(out.array(), payload.length)));
    return out.putInt(CRC_OFFSET, crc(out.array())).array();
  }

  /**
   * Takes a value apart whose checksum is right; the signature is still to be verified.
   *
   * @throws IndexException {@code damaged}
   */
  static SignedValue open(byte[] value) throws IndexException {
    ByteBuffer in = ByteBuffer.wrap(value).order(ByteOrder.LITTLE_ENDIAN);
    int overhead = HEADER_BYTES + IndexVerifier.SIGNATURE_BYTES;
    if (value.length < overhead || value.length > MAX_BYTES) {
      throw damaged("a value of " + value.length + " bytes");
    }
    if (in.getInt(0) != MAGIC || in.getShort(4) != VERSION) {
      throw damaged("a value that does not begin as one");
    }
    int payloadBytes = in.getInt(16);
    if (payloadBytes != value.length - overhead) {
      throw damaged("a payload of " + payloadBytes + " bytes in a value of " + value.length);
    }
    if (in.getInt(CRC_OFFSET) != crc(value)) {
      throw damaged("a value whose checksum is wrong");
    }
    return new SignedValue(
        in.getShort(6),
        in.getLong(8),
        Arrays.copyOfRange(value, HEADER_BYTES, HEADER_BYTES + payloadBytes));
  }

  /** Throws {@code signature_invalid} unless the service signed exactly this. */
  static void verify(byte[] value, IndexVerifier verifier) throws IndexException {
    int payloadBytes = value.length - HEADER_BYTES - IndexVerifier.SIGNATURE_BYTES;
    byte[] signature =
        Arrays.copyOfRange(value, value.length - IndexVerifier.SIGNATURE_BYTES, value.length);
    verifier.verify(signed(value, payloadBytes), signature);
  }

  /** Header without its checksum, and payload. */
  private static byte[] signed(byte[] value, int payloadBytes) {
    byte[] out = Arrays.copyOf(value, CRC_OFFSET + payloadBytes);
    System.arraycopy(value, HEADER_BYTES, out, CRC_OFFSET, payloadBytes);
    return out;
  }

  private static int crc(byte[] value) {
    CRC32C crc = new CRC32C();
    crc.update(value, 0, CRC_OFFSET);
    crc.update(value, HEADER_BYTES, value.length - HEADER_BYTES);
    return (int) crc.getValue();
  }

  private static IndexException damaged(String what) {
    return new IndexException(IndexError.DAMAGED, what);
  }
}
