package dev.rekindle.fuzz.targets;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.virtio.DeviceState;
import dev.rekindle.vmm.virtio.MmioTransport;
import dev.rekindle.vmm.virtio.QueueState;
import dev.rekindle.vmm.virtio.block.BlockDevice;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/** A device's state from a snapshot, whose memory is the input as well. */
public final class VirtioStateTarget implements FuzzTarget {
  private static final int MEMORY_BYTES = 1 << 16;
  private static final int DISK_BYTES = 1 << 16;
  private static final int MAX_TURNS = 16;

  private OwnedFd disk;
  private GuestMemory memory;

  /** Ready. */
  public VirtioStateTarget() {}

  @Override
  public String name() {
    return "virtio-state";
  }

  @Override
  public void run(byte[] input) {
    if (disk == null) {
      disk = OwnedFd.memory("disk", DISK_BYTES);
      memory = GuestMemory.allocate(MEMORY_BYTES, Arena.global());
    }
    memory.slice(0, MEMORY_BYTES).fill((byte) 0);
    memory.write(0, input, 0, Math.min(input.length, MEMORY_BYTES));
    Deque<Runnable> later = new ArrayDeque<>();
    MmioTransport transport =
        new MmioTransport(
            new BlockDevice(disk, DISK_BYTES, false, "fuzz"),
            memory,
            () -> {},
            later::add,
            () -> {});
    transport.pause();
    try {
      transport.restore(DeviceState.decode(input));
    } catch (IllegalArgumentException e) {
      if (transport.capture().status() != 0) {
        throw new AssertionError("refused, and not as after a reset", e);
      }
      return;
    }
    transport.resume();
    for (int turns = 0; turns < MAX_TURNS && !later.isEmpty(); turns++) {
      later.poll().run();
    }
  }

  @Override
  public List<byte[]> seeds() {
    QueueState queue = new QueueState(8, true, 0x1000, 0x2000, 0x3000, (short) 0, (short) 0);
    int running =
        Virtio.STATUS_ACKNOWLEDGE
            | Virtio.STATUS_DRIVER
            | Virtio.STATUS_FEATURES_OK
            | Virtio.STATUS_DRIVER_OK;
    DeviceState.Selectors none = DeviceState.Selectors.NONE;
    return List.of(
        new DeviceState(
                Virtio.ID_BLOCK,
                running,
                Virtio.F_VERSION_1,
                1,
                none,
                List.of(queue),
                new byte[] {(byte) 128, 0, 0, 0, 0, 0, 0, 0, 0})
            .encode(),
        new DeviceState(Virtio.ID_BLOCK, 0, 0, 0, none, List.of(QueueState.RESET), new byte[0])
            .encode());
  }
}
