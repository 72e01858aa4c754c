package dev.rekindle.fuzz.targets;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import dev.rekindle.snapshotter.format.MemoryChecksums;
import dev.rekindle.snapshotter.format.Section;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.format.StateFile;
import dev.rekindle.snapshotter.format.StateSections;
import dev.rekindle.snapshotter.format.WorkingSet;
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
import dev.rekindle.vmm.abi.kvm.KvmXsave;
import dev.rekindle.vmm.machine.ChipsState;
import dev.rekindle.vmm.machine.DeviceSlot;
import dev.rekindle.vmm.machine.MachineState;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.memory.PageRuns;
import dev.rekindle.vmm.serial.Uart16550;
import dev.rekindle.vmm.vcpu.VcpuState;
import dev.rekindle.vmm.virtio.DeviceState;
import dev.rekindle.vmm.virtio.QueueState;
import java.lang.foreign.MemoryLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.zip.CRC32C;

/** state.bin and workingset.bin, with its checksums and its length put right. */
public final class StateFileTarget implements FuzzTarget {
  private static final int HEADER_BYTES = 32;
  private static final int LENGTH_AT = 16;
  private static final int BODY_CRC_AT = 24;
  private static final int HEADER_CRC_AT = 28;
  private static final Shape SHAPE = new Shape(2 << 20, 1, List.of(new DeviceSlot.Rng()));

  /** Ready. */
  public StateFileTarget() {}

  @Override
  public String name() {
    return "state-file";
  }

  @Override
  public void run(byte[] input) {
    decode(input);
    if (input.length >= HEADER_BYTES) {
      ByteBuffer right = ByteBuffer.wrap(input.clone()).order(ByteOrder.LITTLE_ENDIAN);
      right.putLong(LENGTH_AT, input.length);
      right.putInt(BODY_CRC_AT, crc(right.array(), HEADER_BYTES, input.length - HEADER_BYTES));
      right.putInt(HEADER_CRC_AT, crc(right.array(), 0, HEADER_CRC_AT));
      decode(right.array());
    }
  }

  private static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  private static void decode(byte[] bytes) {
    workingSet(bytes);
    List<Section> sections;
    try {
      sections = StateFile.decode(bytes);
    } catch (SnapshotException e) {
      Refusal.check(e.code(), e);
      return;
    }
    for (Section section : sections) {
      if (section.tag().equals(MemoryChecksums.TAG)) {
        checksums(section);
      }
    }
    try {
      MachineState state = StateSections.decode(sections, SHAPE);
      if (!StateSections.decode(StateSections.encode(state), SHAPE).equals(state)) {
        throw new AssertionError("not read back as it was");
      }
    } catch (SnapshotException e) {
      Refusal.check(e.code(), e);
    }
  }

  private static void workingSet(byte[] bytes) {
    try {
      WorkingSet.decode(bytes, 0, SHAPE.memoryBytes());
    } catch (SnapshotException e) {
      Refusal.check(e.code(), e);
    }
  }

  private static void checksums(Section section) {
    try {
      MemoryChecksums checksums = MemoryChecksums.fromSection(section);
      if (checksums.crcs().length != MemoryChecksums.chunkCount(checksums.fileBytes())) {
        throw new AssertionError("taken: " + checksums);
      }
    } catch (SnapshotException e) {
      Refusal.check(e.code(), e);
    }
  }

  @Override
  public List<byte[]> seeds() {
    List<Section> sections = new ArrayList<>(StateSections.encode(state()));
    sections.add(new MemoryChecksums(2 << 20, new int[] {7}).toSection());
    byte[] checksumsAlone = StateFile.encode(List.of(sections.getLast()));
    byte[] skippable = StateFile.encode(List.of(new Section("WSET", 0, false, new byte[3])));
    byte[] workingSet = new WorkingSet(0, PageRuns.of(1, 3), PageRuns.NONE).encode();
    return List.of(StateFile.encode(sections), checksumsAlone, skippable, workingSet);
  }

  private static byte[] zeros(MemoryLayout layout) {
    return new byte[(int) layout.byteSize()];
  }

  /** Its first field is the chip's number. */
  private static byte[] chip(int number) {
    byte[] chip = zeros(KvmIrqchip.LAYOUT);
    chip[0] = (byte) number;
    return chip;
  }

  private static MachineState state() {
    VcpuState vcpu =
        new VcpuState(
            zeros(KvmRegs.LAYOUT),
            zeros(KvmSregs.LAYOUT),
            zeros(KvmXsave.LAYOUT),
            zeros(KvmXcrs.LAYOUT),
            zeros(KvmDebugregs.LAYOUT),
            zeros(KvmLapicState.LAYOUT),
            zeros(KvmMpState.LAYOUT),
            zeros(KvmVcpuEvents.LAYOUT),
            new byte[32]);
    ChipsState chips =
        new ChipsState(
            chip(0), chip(1), chip(2), zeros(KvmPitState2.LAYOUT), zeros(KvmClockData.LAYOUT));
    DeviceState rng =
        new DeviceState(
            4,
            0,
            0,
            0,
            DeviceState.Selectors.NONE,
            Collections.nCopies(1, QueueState.RESET),
            new byte[0]);
    return new MachineState(
        SHAPE, List.of(vcpu), chips, new byte[Uart16550.STATE_BYTES], List.of(rng));
  }
}
