package dev.rekindle.vmm.machine;

/** A place for a virtio device: what must be known before the machine has contents. */
public sealed interface DeviceSlot {
  /**
   * A disk.
   *
   * @param readOnly whether the guest may write
   */
  record Block(boolean readOnly) implements DeviceSlot {}

  /** A socket device between host and guest. */
  record Vsock() implements DeviceSlot {}

  /** A source of entropy. */
  record Rng() implements DeviceSlot {}

  /**
   * @return how many virtqueues the device has
   */
  default int queueCount() {
    return switch (this) {
      case Block _, Rng _ -> 1;
      case Vsock _ -> 3;
    };
  }
}
