package dev.rekindle.cli;

import java.io.IOException;
import java.io.InputStream;

/** A body in chunks (RFC 9112, section 7.1). */
final class ChunkedInput extends InputStream {
  private final InputStream in;
  private long left;
  private boolean first = true;
  private boolean ended;

  ChunkedInput(InputStream in) {
    this.in = in;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int at, int length) throws IOException {
    if (left == 0 && !ended) {
      next();
    }
    if (ended) {
      return -1;
    }
    int n = in.read(target, at, (int) Math.min(length, left));
    if (n < 0) {
      throw new IOException("the service closed the connection in the middle of its answer");
    }
    left -= n;
    return n;
  }

  private void next() throws IOException {
    if (!first) {
      ApiClient.line(in);
    }
    first = false;
    String size = ApiClient.line(in);
    int end = size.indexOf(';');
    left = Long.parseLong((end < 0 ? size : size.substring(0, end)).strip(), 16);
    ended = left == 0;
  }
}
