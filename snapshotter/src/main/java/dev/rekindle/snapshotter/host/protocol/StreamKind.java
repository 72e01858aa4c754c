package dev.rekindle.snapshotter.host.protocol;

/** First payload byte of a data frame; the code is the ordinal. */
public enum StreamKind {
  /** Service to host process. */
  STDIN,
  /** Host process to service. */
  STDOUT,
  /** Host process to service. */
  STDERR,
  /** Service to host process, carries no bytes. */
  STDIN_EOF;

  private static final StreamKind[] BY_CODE = values();

  static StreamKind ofCode(int code) throws ProtocolException {
    if (code < 0 || code >= BY_CODE.length) {
      throw new ProtocolException("data stream must be in [0, 3], got " + code);
    }
    return BY_CODE[code];
  }
}
