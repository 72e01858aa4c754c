package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.arch.x86.AddressMap;
import java.util.List;

/**
 * What a VM must know before its memory has contents. Machines of equal shape are interchangeable:
 * any snapshot of the shape goes into any shell of it.
 *
 * @param memoryBytes RAM, a multiple of 2 MiB, {@code [2 MiB, 1 TiB]}
 * @param vcpuCount {@code [1, 32]}
 * @param devices the virtio devices, in the order of their slots; at most 12
 */
public record Shape(long memoryBytes, int vcpuCount, List<DeviceSlot> devices) {
  /** Most vCPUs of a VM. */
  public static final int MAX_VCPUS = 32;

  private static final long UNIT = 2L << 20;
  private static final long MAX_MEMORY = 1L << 40;

  /** Checks the ranges. */
  public Shape {
    devices = List.copyOf(devices);
    if (memoryBytes < UNIT || memoryBytes > MAX_MEMORY || memoryBytes % UNIT != 0) {
      throw new IllegalArgumentException(
          "memoryBytes must be a multiple of 2 MiB in [2 MiB, 1 TiB], got " + memoryBytes);
    }
    if (vcpuCount < 1 || vcpuCount > MAX_VCPUS) {
      throw new IllegalArgumentException(
          "vcpuCount must be in [1, " + MAX_VCPUS + "], got " + vcpuCount);
    }
    if (devices.size() > AddressMap.MAX_VIRTIO_DEVICES) {
      throw new IllegalArgumentException(
          "devices must be at most " + AddressMap.MAX_VIRTIO_DEVICES + ", got " + devices.size());
    }
    long vsocks = devices.stream().filter(DeviceSlot.Vsock.class::isInstance).count();
    if (vsocks > 1) {
      throw new IllegalArgumentException("devices must hold at most one vsock, got " + vsocks);
    }
  }
}
