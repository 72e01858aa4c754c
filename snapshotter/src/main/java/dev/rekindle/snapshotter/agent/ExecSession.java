package dev.rekindle.snapshotter.agent;

/**
 * The host's hold of a running command. Thread: any. No method blocks or calls the observer before
 * it returns, for callers hold locks.
 */
public interface ExecSession {
  /**
   * @param bytes for the command's standard input; given away
   */
  void stdin(byte[] bytes);

  /** Ends the command's standard input, after what was given before. */
  void stdinEof();

  /** Withholds credit, so that output soon stops; what is under way still comes. */
  void pauseOutput();

  /** Lets output come again. */
  void resumeOutput();

  /**
   * Kills the command with all its processes; the observer hears nothing more of it, sooner or
   * later.
   */
  void kill();
}
