package dev.rekindle.snapshotter.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.vmm.abi.kvm.KvmClockData;
import dev.rekindle.vmm.abi.kvm.KvmDebugregs;
import dev.rekindle.vmm.abi.kvm.KvmIrqchip;
import dev.rekindle.vmm.abi.kvm.KvmLapicState;
import dev.rekindle.vmm.abi.kvm.KvmMpState;
import dev.rekindle.vmm.abi.kvm.KvmPitState2;
import dev.rekindle.vmm.abi.kvm.KvmRegs;
import dev.rekindle.vmm.abi.kvm.KvmSregs;
import dev.rekindle.vmm.abi.kvm.KvmVcpuEvents;
import dev.rekindle.vmm.abi.kvm.KvmXcrs;
import dev.rekindle.vmm.machine.ChipsState;
import dev.rekindle.vmm.machine.DeviceSlot;
import dev.rekindle.vmm.machine.MachineState;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.vcpu.VcpuState;
import dev.rekindle.vmm.virtio.DeviceState;
import dev.rekindle.vmm.virtio.QueueState;
import java.lang.foreign.MemoryLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StateSectionsTest {
  private static final Shape SHAPE = new Shape(2 << 20, 2, List.of(new DeviceSlot.Vsock()));

  private final Random random = new Random(5);

  @Test
  void shouldReadBackEveryRegisterSet() throws Exception {
    MachineState state = state();

    MachineState read = StateSections.decode(reread(StateSections.encode(state)), SHAPE);

    assertThat(read).isEqualTo(state);
  }

  @Test
  void shouldRefuseStateOfAnotherShape() {
    Shape oneVcpu = new Shape(2 << 20, 1, SHAPE.devices());
    Shape noDevices = new Shape(2 << 20, 2, List.of());

    assertRefused(SnapshotError.SHAPE_MISMATCH, StateSections.encode(state()), oneVcpu);
    assertRefused(SnapshotError.SHAPE_MISMATCH, StateSections.encode(state()), noDevices);
  }

  @Test
  void shouldSkipUnknownSectionsOnlyWhereTheyMayBeSkipped() throws Exception {
    List<Section> sections = new ArrayList<>(StateSections.encode(state()));
    sections.add(new Section("WSET", 0, false, new byte[3]));
    assertThat(StateSections.decode(sections, SHAPE).vcpus()).hasSize(2);

    sections.add(new Section("NEW!", 0, true, new byte[3]));

    assertRefused(SnapshotError.SECTION_INVALID, sections, SHAPE);
  }

  @Test
  void shouldRefuseWhenASectionLacks() {
    List<Section> sections = StateSections.encode(state());
    for (Section section : sections) {
      List<Section> rest = new ArrayList<>(sections);
      rest.remove(section);

      assertThatThrownBy(() -> StateSections.decode(rest, SHAPE))
          .describedAs(section.label())
          .isInstanceOf(SnapshotException.class);
    }
  }

  @Test
  void shouldOnlyEverRefuseWhenPayloadsAreDamaged() {
    List<Section> sections = StateSections.encode(state());
    int refused = 0;
    for (int round = 0; round < 20_000; round++) {
      List<Section> damaged = new ArrayList<>(sections);
      int which = random.nextInt(sections.size());
      Section section = sections.get(which);
      byte[] payload =
          java.util.Arrays.copyOf(
              section.payload(),
              random.nextInt(4) == 0
                  ? random.nextInt(section.payload().length + 8)
                  : section.payload().length);
      for (int i = random.nextInt(8); i > 0 && payload.length > 0; i--) {
        payload[random.nextInt(Math.min(payload.length, 64))] = (byte) random.nextInt();
      }
      damaged.set(which, new Section(section.tag(), section.index(), true, payload));
      try {
        StateSections.decode(damaged, SHAPE);
      } catch (SnapshotException e) {
        assertThat(e.error()).isEqualTo(SnapshotError.SECTION_INVALID);
        refused++;
      }
    }
    assertThat(refused).isPositive();
  }

  private static List<Section> reread(List<Section> sections) throws SnapshotException {
    return StateFile.decode(StateFile.encode(sections));
  }

  private static void assertRefused(SnapshotError error, List<Section> sections, Shape shape) {
    assertThatThrownBy(() -> StateSections.decode(sections, shape))
        .isInstanceOfSatisfying(
            SnapshotException.class, e -> assertThat(e.error()).isEqualTo(error));
  }

  private MachineState state() {
    QueueState queue = new QueueState(256, true, 0x1000, 0x2000, 0x3000, (short) -1, (short) 7);
    return new MachineState(
        SHAPE,
        List.of(vcpu(), vcpu()),
        new ChipsState(
            irqchip(KvmIrqchip.PIC_MASTER),
            irqchip(KvmIrqchip.PIC_SLAVE),
            irqchip(KvmIrqchip.IOAPIC),
            noise(KvmPitState2.LAYOUT),
            noise(KvmClockData.LAYOUT)),
        noise(8),
        List.of(
            new DeviceState(
                19,
                15,
                1L << 32,
                1,
                DeviceState.Selectors.NONE,
                List.of(queue, queue, queue),
                noise(20))));
  }

  private VcpuState vcpu() {
    return new VcpuState(
        noise(KvmRegs.LAYOUT),
        noise(KvmSregs.LAYOUT),
        noise(4096 + 512),
        noise(KvmXcrs.LAYOUT),
        noise(KvmDebugregs.LAYOUT),
        noise(KvmLapicState.LAYOUT),
        noise(KvmMpState.LAYOUT),
        noise(KvmVcpuEvents.LAYOUT),
        noise(16 * 20));
  }

  private byte[] irqchip(int id) {
    byte[] bytes = noise(KvmIrqchip.LAYOUT);
    bytes[0] = (byte) id;
    bytes[1] = bytes[2] = bytes[3] = 0;
    return bytes;
  }

  private byte[] noise(MemoryLayout layout) {
    return noise((int) layout.byteSize());
  }

  private byte[] noise(int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
