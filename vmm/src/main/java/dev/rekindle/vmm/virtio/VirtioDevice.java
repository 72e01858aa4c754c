package dev.rekindle.vmm.virtio;

/**
 * A virtio device behind a transport. Every method is called with the transport's lock held: from
 * vCPU threads (registers) or the device loop (queues).
 */
public interface VirtioDevice {
  /**
   * @return virtio device type, see {@link dev.rekindle.vmm.abi.virtio.Virtio}
   */
  int deviceId();

  /**
   * @return the device's own feature bits; the transport adds those of rings and version
   */
  long features();

  /**
   * @return largest size of each queue, each a power of two
   */
  int[] queueMaxSizes();

  /**
   * Reads device configuration.
   *
   * @param offset from its start
   * @return the byte there; 0 outside
   */
  byte readConfig(int offset);

  /**
   * The device is placed behind a transport.
   *
   * @param context its queues and its interrupt
   */
  void attach(DeviceContext context);

  /**
   * The driver put buffers into a queue, or the device was resumed. Works on them within a bound,
   * lest one guest keep the device loop from the others.
   *
   * @param queue index
   * @return whether the bound was reached; it is then called again after the others
   * @throws GuestFaultException if the driver broke the rules
   */
  boolean queueNotified(int queue);

  /** The driver or the machine took everything back: forget requests and connections. */
  void reset();

  /**
   * @return the device's own state, for a snapshot
   */
  default byte[] saveState() {
    return new byte[0];
  }

  /**
   * Takes a state back.
   *
   * @param state as {@link #saveState} gave it; not trusted
   * @throws IllegalArgumentException if it is no state of this device
   */
  default void loadState(byte[] state) {
    if (state.length != 0) {
      throw new IllegalArgumentException(
          "device has no state of its own, got " + state.length + " bytes");
    }
  }
}
