package dev.rekindle.cli;

import java.io.IOException;
import java.io.InputStream;

/**
 * A body in chunks (RFC 9112, section 7.1). Its end is the last chunk's and nothing else: a
 * connection that closes before is an error, for part of a stream must not pass for all of it.
 */
final class ChunkedInput extends InputStream {
  /** Digits of a chunk's size; 2^60 bytes are beyond what anybody sends. */
  private static final int MAX_SIZE_DIGITS = 15;

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
    if (length == 0) {
      return 0;
    }
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
    if (!first && !ApiClient.line(in).isEmpty()) {
      throw new IOException("a chunk of the answer is longer than it said");
    }
    first = false;
    left = size(ApiClient.line(in));
    if (left == 0) {
      ended = true;
      while (!ApiClient.line(in).isEmpty()) {
        // Trailers, of which none means anything here.
      }
    }
  }

  private static long size(String line) throws IOException {
    int end = line.indexOf(';');
    String digits = (end < 0 ? line : line.substring(0, end)).strip();
    if (digits.isEmpty() || digits.length() > MAX_SIZE_DIGITS || !digits.matches("[0-9a-fA-F]+")) {
      throw new IOException("a chunk of the answer has no size but '" + digits + "'");
    }
    return Long.parseLong(digits, 16);
  }
}
