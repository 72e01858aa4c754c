package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.vmm.machine.Disk;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MachineException;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.machine.Shell;
import dev.rekindle.vmm.sys.ErrnoException;
import java.nio.file.Path;
import java.util.List;

/**
 * Snapshot directory in, paused VM out. Keeps verified snapshots and shells built ahead. Thread:
 * any, several at once.
 */
public final class Restorer implements AutoCloseable {
  /** Most snapshots kept open. */
  private static final int SNAPSHOTS = 64;

  /** Most shells kept built ahead, of all shapes together. */
  private static final int SHELLS = 16;

  /**
   * @param vm paused where its snapshot was taken; the caller owns it
   * @param fromShell whether its shell was built ahead
   */
  public record Restored(MicroVm vm, boolean fromShell) {}

  private final KvmHost host;
  private final SnapshotCache<PreparedSnapshot> snapshots;
  private final ShellPool<Shape, Shell> shells;

  /**
   * @param host this process's KVM; not closed here
   * @param shellsPerShape how many to keep built ahead
   */
  public Restorer(KvmHost host, int shellsPerShape) {
    this.host = host;
    this.snapshots =
        new SnapshotCache<>(
            directory -> PreparedSnapshot.load(directory, host.supportedCpuid()), SNAPSHOTS);
    this.shells = new ShellPool<>(shape -> Shell.build(host, shape), shellsPerShape, SHELLS);
  }

  /**
   * Restores one VM.
   *
   * @param snapshotDir the snapshot
   * @param imagesDir holds its disks, by digest
   * @param clock told of the stages {@code verify} (at the first use only), {@code shell} (if one
   *     had to be built), {@code map} and {@code state}
   * @return the VM
   * @throws SnapshotException why the snapshot is refused
   * @throws RestoreException {@code machine.*} or {@code sandbox.no_room}
   */
  public Restored restore(Path snapshotDir, Path imagesDir, StageClock clock)
      throws SnapshotException, RestoreException {
    try (SnapshotCache<PreparedSnapshot>.Use use = snapshots.use(snapshotDir)) {
      PreparedSnapshot snapshot = use.value();
      if (use.loadedNow()) {
        clock.stage("verify");
      }
      List<Disk> disks = snapshot.disks(imagesDir);
      Shell shell = shells.take(snapshot.shape());
      boolean fromShell = shell != null;
      if (!fromShell) {
        shell = build(snapshot.shape());
        clock.stage("shell");
      }
      return new Restored(restoreInto(shell, snapshot, disks, clock), fromShell);
    }
  }

  /**
   * @return shells built ahead
   */
  public int shells() {
    return shells.size();
  }

  /** Frees shells and snapshots; VMs are their owners' to close, before. */
  @Override
  public void close() {
    shells.close();
    snapshots.close();
  }

  private Shell build(Shape shape) throws RestoreException {
    try {
      return Shell.build(host, shape);
    } catch (ErrnoException e) {
      throw new RestoreException("sandbox.no_room", "building a VM: " + e.getMessage(), null, e);
    }
  }

  private static MicroVm restoreInto(
      Shell shell, PreparedSnapshot snapshot, List<Disk> disks, StageClock clock)
      throws RestoreException {
    try {
      MicroVm vm =
          MicroVm.restore(
              shell, snapshot.state(), snapshot.memoryFd(), disks, () -> clock.stage("map"));
      clock.stage("state");
      return vm;
    } catch (MachineException e) {
      shell.close();
      throw new RestoreException(e.code(), e.getMessage(), null, e);
    } catch (RuntimeException e) {
      shell.close();
      throw e;
    }
  }
}
