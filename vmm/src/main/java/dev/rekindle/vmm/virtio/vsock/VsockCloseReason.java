package dev.rekindle.vmm.virtio.vsock;

/** Why a connection ended. */
public enum VsockCloseReason {
  /** This side closed it. */
  CLOSED,
  /** The guest refused or reset it. */
  RESET,
  /** The guest shut both directions down. */
  PEER_CLOSED,
  /** The guest sent more than it was granted, or something that is no packet. */
  PROTOCOL_ERROR,
  /** The device was reset: by the driver, for a restore, or with its machine. */
  DEVICE_RESET
}
