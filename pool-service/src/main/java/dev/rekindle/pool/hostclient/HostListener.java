package dev.rekindle.pool.hostclient;

/** What a host process tells unasked. Called on the event loop. */
public interface HostListener {
  /**
   * A sandbox stopped by itself and is gone.
   *
   * @param sandboxId which
   * @param reason see {@code docs/host-protocol.md}
   * @param consoleTail what its guest last wrote
   */
  void sandboxExited(String sandboxId, String reason, String consoleTail);

  /** The connection is gone, and with it every sandbox. */
  void hostLost();
}
