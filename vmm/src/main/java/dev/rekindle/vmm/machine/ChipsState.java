package dev.rekindle.vmm.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.rekindle.vmm.abi.kvm.KvmClockData;
import dev.rekindle.vmm.abi.kvm.KvmIrqchip;
import dev.rekindle.vmm.abi.kvm.KvmPitState2;
import dev.rekindle.vmm.kvm.KvmVm;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * The state of the chips that KVM keeps for a whole VM, each as the kernel's struct. The arrays are
 * not copied.
 *
 * @param picMaster {@code struct kvm_irqchip}, chip 0
 * @param picSlave {@code struct kvm_irqchip}, chip 1
 * @param ioapic {@code struct kvm_irqchip}, chip 2
 * @param pit {@code struct kvm_pit_state2}
 * @param clock {@code struct kvm_clock_data}: the guest's monotonic clock; flags 0
 */
public record ChipsState(
    byte[] picMaster, byte[] picSlave, byte[] ioapic, byte[] pit, byte[] clock) {
  /** Checks every size, since a state may come from a file. */
  public ChipsState {
    chip("picMaster", picMaster, KvmIrqchip.PIC_MASTER);
    chip("picSlave", picSlave, KvmIrqchip.PIC_SLAVE);
    chip("ioapic", ioapic, KvmIrqchip.IOAPIC);
    exactly("pit", pit, KvmPitState2.LAYOUT.byteSize());
    exactly("clock", clock, KvmClockData.LAYOUT.byteSize());
  }

  private static void chip(String name, byte[] value, int id) {
    exactly(name, value, KvmIrqchip.LAYOUT.byteSize());
    int got = MemorySegment.ofArray(value).get(JAVA_INT.withByteAlignment(1), 0);
    if (got != id) {
      throw new IllegalArgumentException(name + " must have chip_id " + id + ", got " + got);
    }
  }

  private static void exactly(String name, byte[] value, long bytes) {
    if (value.length != bytes) {
      throw new IllegalArgumentException(
          name + " must have " + bytes + " bytes, got " + value.length);
    }
  }

  static ChipsState read(KvmVm vm) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment pit = arena.allocate(KvmPitState2.LAYOUT);
      vm.getPit(pit);
      MemorySegment clock = arena.allocate(KvmClockData.LAYOUT);
      vm.getClock(clock);
      // Only the clock's value is restored: with flags it would be corrected by the time that the
      // snapshot lay on disk, and the guest's monotonic clock would jump.
      clock.set(JAVA_INT, KvmClockData.FLAGS, 0);
      return new ChipsState(
          irqchip(vm, KvmIrqchip.PIC_MASTER, arena),
          irqchip(vm, KvmIrqchip.PIC_SLAVE, arena),
          irqchip(vm, KvmIrqchip.IOAPIC, arena),
          pit.toArray(JAVA_BYTE),
          clock.toArray(JAVA_BYTE));
    }
  }

  private static byte[] irqchip(KvmVm vm, int id, Arena arena) {
    MemorySegment state = arena.allocate(KvmIrqchip.LAYOUT);
    state.set(JAVA_INT, KvmIrqchip.CHIP_ID, id);
    vm.getIrqchip(state);
    return state.toArray(JAVA_BYTE);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ChipsState o
        && Arrays.equals(picMaster, o.picMaster)
        && Arrays.equals(picSlave, o.picSlave)
        && Arrays.equals(ioapic, o.ioapic)
        && Arrays.equals(pit, o.pit)
        && Arrays.equals(clock, o.clock);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(ioapic) * 31 + Arrays.hashCode(clock);
  }

  /** The state in native memory, ready to be loaded into any number of VMs. */
  static final class Prepared {
    private final MemorySegment picMaster;
    private final MemorySegment picSlave;
    private final MemorySegment ioapic;
    private final MemorySegment pit;
    private final MemorySegment clock;

    Prepared(ChipsState state, Arena arena) {
      picMaster = copy(state.picMaster, arena);
      picSlave = copy(state.picSlave, arena);
      ioapic = copy(state.ioapic, arena);
      pit = copy(state.pit, arena);
      clock = copy(state.clock, arena);
    }

    private static MemorySegment copy(byte[] bytes, Arena arena) {
      MemorySegment copy = arena.allocate(bytes.length, 8);
      MemorySegment.copy(bytes, 0, copy, JAVA_BYTE, 0, bytes.length);
      return copy;
    }

    void load(KvmVm vm) {
      // The slave first: each write has KVM look at both, and a request that the last guest left in
      // the slave would be latched in a master already written.
      vm.setIrqchip(picSlave);
      vm.setIrqchip(picMaster);
      vm.setIrqchip(ioapic);
      vm.setPit(pit);
      vm.setClock(clock);
    }
  }
}
