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
import java.util.ArrayList;
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

  private static final long RESIDENCY_NANOS = 10_000_000_000L;

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
  private List<OpenSnapshot> opened;
  private long openedNanos;

  /**
   * A restorer of snapshots nobody vouches for.
   *
   * @param host this process's KVM; not closed here
   * @param shellsPerShape how many to keep built ahead
   */
  public Restorer(KvmHost host, int shellsPerShape) {
    this(host, RestoreOptions.serving(shellsPerShape), SnapshotSeal.NONE);
  }

  /**
   * @param host this process's KVM; not closed here
   * @param options how to restore
   * @param seal says whether a snapshot's bytes are the published ones
   */
  public Restorer(KvmHost host, RestoreOptions options, SnapshotSeal seal) {
    this.host = host;
    this.snapshots =
        new SnapshotCache<>(
            directory -> PreparedSnapshot.load(directory, host.supportedCpuid(), options, seal),
            SNAPSHOTS);
    this.shells =
        new ShellPool<>(shape -> Shell.build(host, shape), options.shellsPerShape(), SHELLS);
  }

  /**
   * Restores one VM for a tenant.
   *
   * @param snapshotDir the snapshot
   * @param imagesDir holds its disks, by digest
   * @param tenant whom it is for
   * @param clock told of the stages {@code verify} (at the first use only), {@code shell} (if one
   *     had to be built), {@code map}, {@code state} and {@code prefetch} (if a working set is
   *     known)
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
      snapshot.memory().requireWhole();
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

  /**
   * The snapshots that are open. What of them is resident is looked at anew after 10 s: it takes
   * milliseconds for each.
   *
   * @return in the order of their use
   */
  public synchronized List<OpenSnapshot> snapshots() {
    long now = System.nanoTime();
    if (opened == null || now - openedNanos > RESIDENCY_NANOS) {
      List<OpenSnapshot> all = new ArrayList<>();
      snapshots.forEach((directory, snapshot) -> all.add(OpenSnapshot.of(directory, snapshot)));
      opened = List.copyOf(all);
      openedNanos = now;
    }
    return opened;
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
    MicroVm vm;
    try {
      vm =
          MicroVm.restore(
              shell, snapshot.state(), snapshot.memory().source(), disks, () -> clock.stage("map"));
      clock.stage("state");
    } catch (MachineException e) {
      shell.close();
      throw new RestoreException(e.code(), e.getMessage(), null, e);
    } catch (RuntimeException e) {
      shell.close();
      throw e;
    }
    prefetch(vm, snapshot, clock);
    return vm;
  }

  private static void prefetch(MicroVm vm, PreparedSnapshot snapshot, StageClock clock)
      throws RestoreException {
    if (snapshot.prefetch().pages() == 0) {
      return;
    }
    try {
      vm.prefetch(snapshot.prefetch());
      clock.stage("prefetch");
    } catch (ErrnoException e) {
      vm.close();
      throw new RestoreException(
          "sandbox.no_room", "prefetching memory: " + e.getMessage(), null, e);
    }
  }
}
