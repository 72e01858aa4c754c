package dev.rekindle.snapshotter.format;

import dev.rekindle.vmm.machine.DeviceSlot;
import dev.rekindle.vmm.machine.Shape;
import java.util.ArrayList;
import java.util.List;

/** Between the monitor's shape and the manifest's. */
public final class ShapeEntries {
  /** The only CPU template so far: what the host has. */
  private static final String CPU_HOST = "host";

  private static final String BLOCK = "block";
  private static final String VSOCK = "vsock";
  private static final String RNG = "rng";

  private ShapeEntries() {}

  /**
   * @param shape of a machine
   * @return for the manifest
   */
  public static Manifest.ShapeEntry of(Shape shape) {
    List<Manifest.DeviceEntry> devices =
        shape.devices().stream().map(ShapeEntries::device).toList();
    return new Manifest.ShapeEntry(shape.memoryBytes(), shape.vcpuCount(), CPU_HOST, devices);
  }

  /**
   * @param entry of a manifest, trusted in nothing
   * @return the shape
   * @throws SnapshotException {@code manifest_invalid} if this program builds no such machines
   */
  public static Shape toShape(Manifest.ShapeEntry entry) throws SnapshotException {
    if (!entry.cpu().equals(CPU_HOST)) {
      throw invalid("cpu template " + entry.cpu(), null);
    }
    List<DeviceSlot> devices = new ArrayList<>();
    for (Manifest.DeviceEntry device : entry.devices()) {
      devices.add(
          switch (device.kind()) {
            case BLOCK -> new DeviceSlot.Block(Boolean.TRUE.equals(device.readOnly()));
            case VSOCK -> new DeviceSlot.Vsock();
            case RNG -> new DeviceSlot.Rng();
            default -> throw invalid("device of kind " + device.kind(), null);
          });
    }
    try {
      return new Shape(entry.memoryBytes(), entry.vcpuCount(), devices);
    } catch (IllegalArgumentException e) {
      throw invalid("shape: " + e.getMessage(), e);
    }
  }

  private static Manifest.DeviceEntry device(DeviceSlot slot) {
    return switch (slot) {
      case DeviceSlot.Block(boolean readOnly) -> new Manifest.DeviceEntry(BLOCK, readOnly);
      case DeviceSlot.Vsock _ -> new Manifest.DeviceEntry(VSOCK, null);
      case DeviceSlot.Rng _ -> new Manifest.DeviceEntry(RNG, null);
    };
  }

  private static SnapshotException invalid(String detail, Throwable cause) {
    return new SnapshotException(SnapshotError.MANIFEST_INVALID, "unknown " + detail, cause);
  }
}
