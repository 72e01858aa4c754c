package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Fcntl;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import dev.rekindle.vmm.virtio.DeviceState;
import dev.rekindle.vmm.virtio.MmioTransport;
import dev.rekindle.vmm.virtio.VirtioDevice;
import dev.rekindle.vmm.virtio.block.BlockDevice;
import dev.rekindle.vmm.virtio.rng.RngDevice;
import dev.rekindle.vmm.virtio.vsock.VsockDevice;
import java.lang.foreign.MemorySegment;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** The virtio devices of one machine, in the slots of its shell. */
final class Devices implements AutoCloseable {
  /** Every guest has the same address; nothing but this process can reach it. */
  static final long GUEST_CID = 3;

  private static final int SEEK_END = 2;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Shell shell;
  private final CloseStack disks = new CloseStack();
  private final List<MmioTransport> transports = new ArrayList<>();
  private VsockDevice vsock;

  /**
   * Opens the disks and places the devices, paused.
   *
   * @throws MachineException {@code machine.disk_unreadable}, {@code machine.disks_mismatch}
   */
  Devices(Shell shell, List<Disk> files) {
    this.shell = shell;
    Iterator<Disk> left = files.iterator();
    try {
      for (int i = 0; i < shell.shape().devices().size(); i++) {
        place(shell.slots().get(i), make(shell.shape().devices().get(i), left));
      }
      if (left.hasNext()) {
        throw mismatch("more disks than block slots: " + files);
      }
    } catch (RuntimeException e) {
      close();
      throw e;
    }
  }

  private static MachineException mismatch(String message) {
    return new MachineException("machine.disks_mismatch", message, null);
  }

  private VirtioDevice make(DeviceSlot slot, Iterator<Disk> files) {
    return switch (slot) {
      case DeviceSlot.Rng _ -> new RngDevice(RANDOM);
      case DeviceSlot.Vsock _ -> {
        vsock = new VsockDevice(GUEST_CID, shell.host().loop());
        yield vsock;
      }
      case DeviceSlot.Block block -> {
        if (!files.hasNext()) {
          throw mismatch("fewer disks than block slots");
        }
        Disk disk = files.next();
        if (disk.readOnly() != block.readOnly()) {
          throw mismatch(disk + " in a slot " + block);
        }
        yield open(disk);
      }
    };
  }

  private BlockDevice open(Disk disk) {
    try {
      int flags = disk.readOnly() ? Fcntl.O_RDONLY : Fcntl.O_RDWR;
      OwnedFd file = disks.add(OwnedFd.open(disk.image().toString(), flags));
      long bytes = Syscalls.lseek(file.fd(), 0, SEEK_END);
      return new BlockDevice(file, bytes, disk.readOnly(), disk.image().getFileName().toString());
    } catch (ErrnoException e) {
      throw new MachineException(
          "machine.disk_unreadable",
          "disk image " + disk.image() + ": " + Errno.name(e.errno()),
          e);
    }
  }

  private void place(Shell.SlotWiring slot, VirtioDevice device) {
    MmioTransport transport =
        new MmioTransport(device, shell.memory(), slot.irq(), shell.host().loop()::execute);
    transport.pause();
    transports.add(transport);
    slot.occupy(
        new SlotOccupant() {
          @Override
          public void queueNotified(int queue) {
            transport.processQueue(queue);
          }

          @Override
          public void read(long offset, MemorySegment data) {
            transport.read(offset, data);
          }

          @Override
          public void write(long offset, MemorySegment data) {
            transport.write(offset, data);
          }
        });
  }

  VsockDevice vsock() {
    return vsock;
  }

  void restore(List<DeviceState> states) {
    for (int i = 0; i < transports.size(); i++) {
      transports.get(i).restore(states.get(i));
    }
  }

  List<DeviceState> capture() {
    return transports.stream().map(MmioTransport::capture).toList();
  }

  /** Stops every device; what was on its way through the device loop is done. */
  void pause() {
    transports.forEach(MmioTransport::pause);
  }

  void resume() {
    if (transports.isEmpty()) {
      return;
    }
    shell.host().loop().execute(() -> transports.forEach(MmioTransport::resume));
  }

  /** Takes the devices out of their slots, ends their connections and closes the disks. */
  @Override
  public void close() {
    if (transports.isEmpty()) {
      return;
    }
    transports.forEach(MmioTransport::pause);
    shell.slots().forEach(Shell.SlotWiring::vacate);
    // The device loop may still be in one of them; behind the barrier it is not.
    shell.host().loop().execute(() -> transports.forEach(MmioTransport::reset));
    shell.host().loop().barrier();
    disks.close();
  }
}
