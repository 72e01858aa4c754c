package dev.rekindle.snapshotter.format;

import dev.rekindle.vmm.machine.ChipsState;
import dev.rekindle.vmm.machine.MachineState;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.serial.Uart16550;
import dev.rekindle.vmm.vcpu.VcpuState;
import dev.rekindle.vmm.virtio.DeviceState;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A machine's state as sections of state.bin: {@code VCPU} and {@code VDEV} one for each, {@code
 * CHIP} and {@code UART}. The structs inside are the kernel's, byte for byte.
 */
public final class StateSections {
  private static final String VCPU = "VCPU";
  private static final String CHIPS = "CHIP";
  private static final String UART = "UART";
  private static final String DEVICE = "VDEV";
  private static final Set<String> KNOWN = Set.of(VCPU, CHIPS, UART, DEVICE, MemoryChecksums.TAG);

  private StateSections() {}

  /**
   * @param state of a paused machine
   * @return the sections, without memory checksums
   */
  public static List<Section> encode(MachineState state) {
    List<Section> out = new ArrayList<>();
    for (int i = 0; i < state.vcpus().size(); i++) {
      VcpuState v = state.vcpus().get(i);
      byte[] payload =
          new PayloadWriter()
              .bytes(v.regs())
              .bytes(v.sregs())
              .bytes(v.xsave())
              .bytes(v.xcrs())
              .bytes(v.debugregs())
              .bytes(v.lapic())
              .bytes(v.mpState())
              .bytes(v.events())
              .bytes(v.msrs())
              .toBytes();
      out.add(new Section(VCPU, i, true, payload));
    }
    ChipsState chips = state.chips();
    byte[] chipBytes =
        new PayloadWriter()
            .bytes(chips.picMaster())
            .bytes(chips.picSlave())
            .bytes(chips.ioapic())
            .bytes(chips.pit())
            .bytes(chips.clock())
            .toBytes();
    out.add(new Section(CHIPS, 0, true, chipBytes));
    out.add(new Section(UART, 0, true, state.uart()));
    for (int i = 0; i < state.devices().size(); i++) {
      out.add(new Section(DEVICE, i, true, state.devices().get(i).encode()));
    }
    return out;
  }

  /**
   * Takes sections apart again.
   *
   * @param sections all of a state file
   * @param shape of the manifest
   * @return the machine's state
   * @throws SnapshotException {@code section_invalid}; {@code shape_mismatch} where there are more
   *     or fewer vCPUs or devices than the shape has
   */
  public static MachineState decode(List<Section> sections, Shape shape) throws SnapshotException {
    List<VcpuState> vcpus = new ArrayList<>();
    List<DeviceState> devices = new ArrayList<>();
    ChipsState chips = null;
    byte[] uart = null;
    for (Section section : sections) {
      switch (section.tag()) {
        case VCPU -> vcpus.add(vcpu(section, vcpus.size()));
        case DEVICE -> devices.add(device(section, devices.size()));
        case CHIPS -> chips = chips(section);
        case UART -> uart = uart(section);
        default -> requireSkippable(section);
      }
    }
    if (chips == null || uart == null) {
      throw new SnapshotException(
          SnapshotError.SECTION_INVALID, "must be a section " + (chips == null ? CHIPS : UART));
    }
    if (vcpus.size() != shape.vcpuCount() || devices.size() != shape.devices().size()) {
      throw new SnapshotException(
          SnapshotError.SHAPE_MISMATCH,
          "state of "
              + vcpus.size()
              + " vCPUs and "
              + devices.size()
              + " devices, the manifest has "
              + shape.vcpuCount()
              + " and "
              + shape.devices().size());
    }
    return new MachineState(shape, vcpus, chips, uart, devices);
  }

  private static VcpuState vcpu(Section section, int expectedIndex) throws SnapshotException {
    requireIndex(section, expectedIndex);
    PayloadReader in = new PayloadReader(section);
    byte[][] sets = new byte[9][];
    for (int i = 0; i < sets.length; i++) {
      sets[i] = in.bytes();
    }
    in.end();
    return checked(
        section,
        () ->
            new VcpuState(
                sets[0], sets[1], sets[2], sets[3], sets[4], sets[5], sets[6], sets[7], sets[8]));
  }

  private static ChipsState chips(Section section) throws SnapshotException {
    requireIndex(section, 0);
    PayloadReader in = new PayloadReader(section);
    byte[][] sets = new byte[5][];
    for (int i = 0; i < sets.length; i++) {
      sets[i] = in.bytes();
    }
    in.end();
    return checked(section, () -> new ChipsState(sets[0], sets[1], sets[2], sets[3], sets[4]));
  }

  private static byte[] uart(Section section) throws SnapshotException {
    requireIndex(section, 0);
    if (section.payload().length != Uart16550.STATE_BYTES) {
      throw new SnapshotException(
          SnapshotError.SECTION_INVALID,
          section.label() + " must have " + Uart16550.STATE_BYTES + " bytes");
    }
    return section.payload();
  }

  private static DeviceState device(Section section, int expectedIndex) throws SnapshotException {
    requireIndex(section, expectedIndex);
    return checked(section, () -> DeviceState.decode(section.payload()));
  }

  private static void requireIndex(Section section, int expected) throws SnapshotException {
    if (section.index() != expected) {
      throw new SnapshotException(
          SnapshotError.SECTION_INVALID,
          section.label() + " where index " + expected + " was expected");
    }
  }

  private static void requireSkippable(Section section) throws SnapshotException {
    if (section.required() && !KNOWN.contains(section.tag())) {
      throw new SnapshotException(
          SnapshotError.SECTION_INVALID,
          section.label() + " is required and unknown to this program");
    }
  }

  /** The records of the monitor check their own sizes; what they refuse is the section's fault. */
  private static <T> T checked(Section section, Supplier<T> decoder) throws SnapshotException {
    try {
      return decoder.get();
    } catch (IllegalArgumentException e) {
      throw new SnapshotException(
          SnapshotError.SECTION_INVALID, section.label() + ": " + e.getMessage(), e);
    }
  }
}
