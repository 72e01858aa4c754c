package dev.rekindle.pool.hostclient;

/** What a connection to a host process tells unasked. Called on the event loop. */
public interface HostListener {
  /**
   * A sandbox stopped by itself and is gone.
   *
   * @param sandboxId which
   * @param reason see {@code docs/host-protocol.md}
   * @param consoleTail what its guest last wrote
   */
  void sandboxExited(String sandboxId, String reason, String consoleTail);

  /**
   * What is kept ready of a snapshot has changed.
   *
   * @param snapshotDir the snapshot
   * @param parked sandboxes there
   * @param shells VMs without a guest of its shape there
   */
  void stockChanged(String snapshotDir, int parked, int shells);

  /** The connection is gone, and with it every sandbox. */
  void hostLost();
}
