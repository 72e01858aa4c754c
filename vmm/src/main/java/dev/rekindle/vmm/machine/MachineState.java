package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.serial.Uart16550;
import dev.rekindle.vmm.vcpu.VcpuState;
import dev.rekindle.vmm.virtio.DeviceState;
import java.util.Arrays;
import java.util.List;

/**
 * Everything of a paused machine but its memory and the contents of its disks.
 *
 * @param shape of the machine
 * @param vcpus one each, by index
 * @param chips interrupt controllers, timer, clock
 * @param uart see {@link Uart16550#capture}
 * @param devices one for each slot, in order
 */
public record MachineState(
    Shape shape, List<VcpuState> vcpus, ChipsState chips, byte[] uart, List<DeviceState> devices) {
  /** Checks that the parts fit the shape, since a state may come from a file. */
  public MachineState {
    vcpus = List.copyOf(vcpus);
    devices = List.copyOf(devices);
    if (vcpus.size() != shape.vcpuCount()) {
      throw new IllegalArgumentException(
          "vcpus must be " + shape.vcpuCount() + ", got " + vcpus.size());
    }
    if (devices.size() != shape.devices().size()) {
      throw new IllegalArgumentException(
          "devices must be " + shape.devices().size() + ", got " + devices.size());
    }
    if (uart.length != Uart16550.STATE_BYTES) {
      throw new IllegalArgumentException(
          "uart must have " + Uart16550.STATE_BYTES + " bytes, got " + uart.length);
    }
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof MachineState o
        && shape.equals(o.shape)
        && vcpus.equals(o.vcpus)
        && chips.equals(o.chips)
        && Arrays.equals(uart, o.uart)
        && devices.equals(o.devices);
  }

  @Override
  public int hashCode() {
    return shape.hashCode() * 31 + vcpus.hashCode();
  }
}
