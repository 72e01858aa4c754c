package dev.rekindle.vmm.virtio;

/** What a transport gives its device. */
public interface DeviceContext {
  /**
   * @param index {@code [0, queues)}
   * @return the queue
   */
  Virtqueue queue(int index);

  /**
   * Tells the driver of the buffers used since the last call, if it wants to hear of them.
   *
   * @param index of the queue
   */
  void interrupt(int index);

  /**
   * Runs something under the device's lock, unless the device is paused or not driven; a guest's
   * fault in it marks the device. Thread: any.
   *
   * @param action uses the queues
   * @return whether it was run, to its end or to a guest's fault
   */
  boolean whileActive(Runnable action);
}
