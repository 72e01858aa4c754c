package dev.rekindle.cli;

import java.io.IOException;
import java.io.InputStream;

/** A body of a known length, or up to the connection's end. */
final class BoundedInput extends InputStream {
  private final InputStream in;
  private final boolean bounded;
  private long left;

  /**
   * @param length bytes; negative if only the connection's end tells
   */
  BoundedInput(InputStream in, long length) {
    this.in = in;
    this.bounded = length >= 0;
    this.left = bounded ? length : Long.MAX_VALUE;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int at, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    if (left == 0) {
      return -1;
    }
    int n = in.read(target, at, (int) Math.min(length, left));
    if (n < 0 && bounded) {
      throw new IOException("the service closed the connection in the middle of its answer");
    }
    left -= Math.max(n, 0);
    return n;
  }
}
