package dev.rekindle.bench;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Looks for a line in a serial port's output. Not thread-safe. */
final class LineWatch {
  private static final int TAIL_BYTES = 4096;

  private final String wanted;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private final StringBuilder tail = new StringBuilder();
  private boolean found;

  /**
   * @param wanted the whole line, without its end
   */
  LineWatch(String wanted) {
    this.wanted = wanted;
  }

  /**
   * @param b the next byte, {@code [0, 255]}
   * @return whether it ends the first such line
   */
  boolean accept(int b) {
    if (b != '\n') {
      if (b != '\r') {
        line.write(b);
      }
      return false;
    }
    String text = line.toString(StandardCharsets.UTF_8);
    line.reset();
    tail.append(text).append('\n');
    tail.delete(0, Math.max(0, tail.length() - TAIL_BYTES));
    if (found || !text.equals(wanted)) {
      return false;
    }
    found = true;
    return true;
  }

  boolean found() {
    return found;
  }

  /**
   * @return the last lines, an unfinished one included
   */
  String tail() {
    return tail + line.toString(StandardCharsets.UTF_8);
  }
}
