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
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * Snapshot directory in, paused VM out. Keeps verified snapshots and shells built ahead. Thread:
 * any, several at once.
 */
public final class Restorer implements AutoCloseable {
  /** Most snapshots kept open. */
  private static final int SNAPSHOTS = 64;

  /** Most shells kept in stock, of all shapes together. */
  private static final int SHELLS = 64;

  /**
   * @param vm paused where its snapshot was taken; the caller owns it
   * @param fromShell whether its shell was there before
   * @param tenant who had it before and alone may have it; null if it is new or anybody's
   */
  public record Restored(MicroVm vm, boolean fromShell, String tenant) {}

  private final KvmHost host;
  private final SnapshotCache<PreparedSnapshot> snapshots;
  private final ShellPool<Shape, Shell> shells;
  private final Map<Path, Shape> wanted = new ConcurrentHashMap<>();

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
   * Restores one VM for a tenant.
   *
   * @param snapshotDir the snapshot
   * @param imagesDir holds its disks, by digest
   * @param tenant whom it is for
   * @param clock told of the stages {@code verify} (at the first use only), {@code shell} (if one
   *     had to be built), {@code map} and {@code state}
   * @return the VM
   * @throws SnapshotException why the snapshot is refused
   * @throws RestoreException {@code machine.*} or {@code sandbox.no_room}
   */
  public Restored restore(Path snapshotDir, Path imagesDir, String tenant, StageClock clock)
      throws SnapshotException, RestoreException {
    return restore(
        snapshotDir,
        imagesDir,
        shape -> {
          Shell shell = shells.take(shape, tenant);
          return shell == null ? null : new ShellPool.Stocked<>(shell, null);
        },
        clock);
  }

  /**
   * Restores one VM that nobody waits for, into whatever shell is there.
   *
   * @param snapshotDir the snapshot
   * @param imagesDir holds its disks, by digest
   * @param clock told of the stages, as above
   * @return the VM and whose it may be
   * @throws SnapshotException why the snapshot is refused
   * @throws RestoreException {@code machine.*} or {@code sandbox.no_room}
   */
  public Restored restoreAhead(Path snapshotDir, Path imagesDir, StageClock clock)
      throws SnapshotException, RestoreException {
    return restore(snapshotDir, imagesDir, shells::takeAny, clock);
  }

  private Restored restore(
      Path snapshotDir,
      Path imagesDir,
      Function<Shape, ShellPool.Stocked<Shell>> stock,
      StageClock clock)
      throws SnapshotException, RestoreException {
    try (SnapshotCache<PreparedSnapshot>.Use use = snapshots.use(snapshotDir)) {
      PreparedSnapshot snapshot = use.value();
      if (use.loadedNow()) {
        clock.stage("verify");
      }
      List<Disk> disks = snapshot.disks(imagesDir);
      ShellPool.Stocked<Shell> stocked = stock.apply(snapshot.shape());
      boolean fromShell = stocked != null;
      if (!fromShell) {
        stocked = new ShellPool.Stocked<>(build(snapshot.shape()), null);
        clock.stage("shell");
      }
      MicroVm vm = restoreInto(stocked.shell(), snapshot, disks, clock);
      return new Restored(vm, fromShell, stocked.tenant());
    }
  }

  /**
   * Ends a guest and keeps its VM for the next, if there is room; otherwise frees it.
   *
   * @param vm ended by this
   * @param tenant who alone may have the VM next; null for anybody
   */
  public void recycle(MicroVm vm, String tenant) {
    Shell shell = vm.vacate();
    if (!shells.giveBack(shell.shape(), tenant, shell)) {
      shell.close();
    }
  }

  /**
   * Keeps shells of a snapshot's shape in stock, and the snapshot itself verified and open.
   *
   * @param snapshotDir the snapshot
   * @param count how many new ones
   * @throws SnapshotException why the snapshot is refused
   */
  public void wantShells(Path snapshotDir, int count) throws SnapshotException {
    try (SnapshotCache<PreparedSnapshot>.Use use = snapshots.use(snapshotDir)) {
      shells.want(use.value().shape(), count);
      wanted.put(snapshotDir, use.value().shape());
    }
  }

  /**
   * @param snapshotDir a snapshot that {@link #wantShells} was asked for
   * @return shells of its shape in stock
   */
  public int shells(Path snapshotDir) {
    Shape shape = wanted.get(snapshotDir);
    return shape == null ? 0 : shells.size(shape);
  }

  /**
   * @return shells in stock
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
