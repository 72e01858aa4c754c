package dev.rekindle.cli;

import java.io.IOException;
import java.io.InputStream;

/** A body of a known length, or up to the connection's end. */
final class BoundedInput extends InputStream {
  private final InputStream in;
  private long left;

  /**
   * @param length bytes; negative if only the connection's end tells
   */
  BoundedInput(InputStream in, long length) {
    this.in = in;
    this.left = length < 0 ? Long.MAX_VALUE : length;
  }

  @Override
  public int read() throws IOException {
    if (left == 0) {
      return -1;
    }
    left--;
    return in.read();
  }

  @Override
  public int read(byte[] target, int at, int length) throws IOException {
    if (left == 0) {
      return -1;
    }
    int n = in.read(target, at, (int) Math.min(length, left));
    left -= Math.max(n, 0);
    return n;
  }
}
