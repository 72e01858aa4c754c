package dev.rekindle.snapshotter.host.protocol;

/** The peer broke the framing or the flow control; the connection cannot go on. */
public final class ProtocolException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * @param message what was expected and what came
   */
  public ProtocolException(String message) {
    super(message);
  }
}
