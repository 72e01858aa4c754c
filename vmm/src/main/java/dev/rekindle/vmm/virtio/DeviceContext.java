package dev.rekindle.vmm.virtio;

/** What a transport gives its device. */
public interface DeviceContext {
  /**
   * @param index {@code [0, queues)}
   * @return the queue
   */
  Virtqueue queue(int index);

  /**
   * Tells the driver of used buffers, unless it does not want to hear.
   *
   * @param index of the queue
   */
  void interrupt(int index);

  /**
   * Runs something under the device's lock, unless the device is paused or not driven; a guest's
   * fault in it marks the device. Thread: any.
   *
   * @param action uses the queues
   */
  void whileActive(Runnable action);
}
