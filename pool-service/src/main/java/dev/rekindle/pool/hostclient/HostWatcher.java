package dev.rekindle.pool.hostclient;

/** Told of one host process's life. Called on the event loop. */
public interface HostWatcher {
  /**
   * It has answered hello.
   *
   * @param host whose {@link HostProcess#client} is there from now on
   */
  void ready(HostProcess host);

  /**
   * A sandbox stopped by itself and is gone.
   *
   * @param host whose
   * @param sandboxId which
   * @param reason see {@code docs/host-protocol.md}
   * @param consoleTail what its guest last wrote
   */
  void sandboxExited(HostProcess host, String sandboxId, String reason, String consoleTail);

  /**
   * What it keeps ready of a snapshot has changed.
   *
   * @param host whose
   * @param snapshotDir the snapshot
   * @param parked sandboxes there
   * @param shells VMs without a guest of its shape there
   */
  void stockChanged(HostProcess host, String snapshotDir, int parked, int shells);

  /**
   * The connection is gone, and with it every sandbox; or there never was one. Told once.
   *
   * @param host whose
   * @param why for people
   */
  void lost(HostProcess host, String why);

  /**
   * Nothing of the process is left. Told once, after {@link #lost}.
   *
   * @param host which
   */
  void ended(HostProcess host);
}
