package dev.rekindle.pool.journal;

/** Bytes are no record of this format. */
final class FormatException extends Exception {
  private static final long serialVersionUID = 1L;

  FormatException(String message) {
    super(message, null, false, false);
  }
}
