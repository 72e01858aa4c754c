package dev.rekindle.vmm.virtio.vsock;

/** What happens on a connection. Called on the device loop; must not block. */
public interface VsockListener {
  /** The guest accepted. Not called for connections the guest opened. */
  default void onConnected() {}

  /**
   * The guest sent something.
   *
   * @param data the listener's to keep
   */
  void onData(byte[] data);

  /** The guest will send nothing more. */
  default void onPeerShutdown() {}

  /**
   * The connection is gone; the last call.
   *
   * @param reason why
   */
  void onClosed(VsockCloseReason reason);
}
