package dev.rekindle.pool.journal;

import java.nio.ByteBuffer;

/**
 * 32 bytes of SHA-256 or HMAC-SHA-256, as four big-endian longs.
 *
 * @param a bytes 0 to 7
 * @param b bytes 8 to 15
 * @param c bytes 16 to 23
 * @param d bytes 24 to 31
 */
public record Digest(long a, long b, long c, long d) {
  /** Bytes of one. */
  static final int BYTES = 32;

  /** Stands where there is none; of no known input. */
  public static final Digest NONE = new Digest(0, 0, 0, 0);

  /**
   * @param bytes 32 of them
   * @return their digest
   */
  public static Digest of(byte[] bytes) {
    if (bytes.length != BYTES) {
      throw new IllegalArgumentException("a digest has 32 bytes, got " + bytes.length);
    }
    ByteBuffer in = ByteBuffer.wrap(bytes);
    return new Digest(in.getLong(), in.getLong(), in.getLong(), in.getLong());
  }

  /**
   * Compares in a time that does not tell how much is right.
   *
   * @param other what it may be
   * @return whether it is
   */
  public boolean matches(Digest other) {
    return ((a ^ other.a) | (b ^ other.b) | (c ^ other.c) | (d ^ other.d)) == 0;
  }

  /**
   * @return whether it is {@link #NONE}
   */
  public boolean isNone() {
    return equals(NONE);
  }
}
