package dev.rekindle.vmm.virtio;

import dev.rekindle.vmm.abi.virtio.Virtio;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A virtio device's state: the transport's registers, its queues, and what the device itself keeps.
 *
 * @param deviceId virtio device type
 * @param status the device status register
 * @param driverFeatures what the driver accepted
 * @param interruptStatus pending causes
 * @param selectors what the driver has selected but not yet used
 * @param queues in order
 * @param device the device's own bytes
 */
public record DeviceState(
    int deviceId,
    int status,
    long driverFeatures,
    int interruptStatus,
    Selectors selectors,
    List<QueueState> queues,
    byte[] device) {
  /** Most queues a device may have. */
  public static final int MAX_QUEUES = 16;

  /** Most bytes of a device's own state. */
  public static final int MAX_DEVICE_BYTES = 1 << 20;

  private static final int HEADER_BYTES = 4 + 4 + 8 + 4 + 3 * 4 + 4 + 4;
  private static final int QUEUE_BYTES = 4 + 4 + 8 * 3 + 2 + 2;

  /**
   * The registers that say which half or queue the next access means: a guest may be stopped
   * between the two. Any value is possible; one that selects nothing reads as 0.
   *
   * @param deviceFeatures {@code DeviceFeaturesSel}
   * @param driverFeatures {@code DriverFeaturesSel}
   * @param queue {@code QueueSel}
   */
  public record Selectors(int deviceFeatures, int driverFeatures, int queue) {
    /** As after a reset. */
    public static final Selectors NONE = new Selectors(0, 0, 0);
  }

  /** Takes a copy of the queues; the bytes are not copied. */
  public DeviceState {
    queues = List.copyOf(queues);
    if (queues.size() > MAX_QUEUES) {
      throw new IllegalArgumentException(
          "queues must be at most " + MAX_QUEUES + ", got " + queues.size());
    }
    if (device.length > MAX_DEVICE_BYTES) {
      throw new IllegalArgumentException(
          "device must have at most " + MAX_DEVICE_BYTES + " bytes, got " + device.length);
    }
  }

  /**
   * @return the state as bytes, little-endian; see {@code docs/snapshot-format.md}
   */
  public byte[] encode() {
    ByteBuffer out =
        ByteBuffer.allocate(HEADER_BYTES + queues.size() * QUEUE_BYTES + device.length)
            .order(ByteOrder.LITTLE_ENDIAN);
    out.putInt(deviceId).putInt(status).putLong(driverFeatures).putInt(interruptStatus);
    out.putInt(selectors.deviceFeatures()).putInt(selectors.driverFeatures());
    out.putInt(selectors.queue()).putInt(queues.size()).putInt(device.length);
    for (QueueState q : queues) {
      out.putInt(q.size()).putInt(q.ready() ? 1 : 0);
      out.putLong(q.descGpa()).putLong(q.availGpa()).putLong(q.usedGpa());
      out.putShort(q.nextAvail()).putShort(q.nextUsed());
    }
    return out.put(device).array();
  }

  /**
   * Reads a state back.
   *
   * @param bytes as {@link #encode} made them; not trusted
   * @return the state; {@link MmioTransport#restore} checks that it fits a device
   * @throws IllegalArgumentException if the bytes are not a state
   */
  public static DeviceState decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    try {
      int id = in.getInt();
      int status = in.getInt();
      long features = in.getLong();
      int interrupt = in.getInt();
      Selectors selectors = new Selectors(in.getInt(), in.getInt(), in.getInt());
      int queueCount = in.getInt();
      int deviceBytes = in.getInt();
      if (queueCount < 0 || queueCount > MAX_QUEUES) {
        throw new IllegalArgumentException("queue count must be in [0, 16], got " + queueCount);
      }
      long expected = HEADER_BYTES + (long) queueCount * QUEUE_BYTES + deviceBytes;
      if (deviceBytes < 0 || expected != bytes.length) {
        throw new IllegalArgumentException(
            "device state must have " + expected + " bytes, got " + bytes.length);
      }
      List<QueueState> queues = new ArrayList<>();
      for (int i = 0; i < queueCount; i++) {
        queues.add(
            new QueueState(
                in.getInt(),
                in.getInt() != 0,
                in.getLong(),
                in.getLong(),
                in.getLong(),
                in.getShort(),
                in.getShort()));
      }
      byte[] device = new byte[deviceBytes];
      in.get(device);
      return new DeviceState(id, status, features, interrupt, selectors, queues, device);
    } catch (BufferUnderflowException e) {
      throw new IllegalArgumentException(
          "device state is cut off at " + bytes.length + " bytes", e);
    }
  }

  /** Whether a driver may choose these features: modern, and none that was not offered. */
  static boolean acceptable(long features, long offered) {
    return (features & ~offered) == 0 && (features & Virtio.F_VERSION_1) != 0;
  }

  /**
   * Refuses a state that no driver can have brought a device to; queues check themselves.
   *
   * @throws IllegalArgumentException with the rule and the values
   */
  void requireFits(VirtioDevice type, long offered) {
    int queueCount = type.queueMaxSizes().length;
    if (deviceId != type.deviceId() || queues.size() != queueCount) {
      throw new IllegalArgumentException(
          "it is of device type %d with %d queues, this is type %d with %d"
              .formatted(deviceId, queues.size(), type.deviceId(), queueCount));
    }
    if ((status & ~0xFF) != 0 || (interruptStatus & ~3) != 0) {
      throw new IllegalArgumentException(
          "status 0x%x or interrupt status 0x%x has bits that are none"
              .formatted(status, interruptStatus));
    }
    boolean agreed = (status & Virtio.STATUS_FEATURES_OK) != 0;
    if (!agreed && (status & Virtio.STATUS_DRIVER_OK) != 0) {
      throw new IllegalArgumentException("its driver is running without agreed features");
    }
    if (agreed && !acceptable(driverFeatures, offered)) {
      throw new IllegalArgumentException(
          "features 0x%x of 0x%x offered".formatted(driverFeatures, offered));
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof DeviceState o
        && deviceId == o.deviceId
        && status == o.status
        && driverFeatures == o.driverFeatures
        && interruptStatus == o.interruptStatus
        && selectors.equals(o.selectors)
        && queues.equals(o.queues)
        && Arrays.equals(device, o.device);
  }

  @Override
  public int hashCode() {
    return queues.hashCode() * 31 + Arrays.hashCode(device);
  }
}
