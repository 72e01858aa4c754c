package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.format.CpuFeatures;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.ShapeEntries;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.format.StateSections;
import dev.rekindle.vmm.arch.x86.CpuidEntry;
import dev.rekindle.vmm.machine.DeviceSlot;
import dev.rekindle.vmm.machine.Disk;
import dev.rekindle.vmm.machine.PreparedState;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.sys.OwnedFd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A snapshot that was verified and decoded, ready for any number of restores: its memory file is
 * open, its registers lie in native memory. Immutable; thread: any. Close it after the last restore
 * from it has returned; VMs restored from it live on.
 */
public final class PreparedSnapshot implements AutoCloseable {
  private final Manifest manifest;
  private final Shape shape;
  private final PreparedState state;
  private final OwnedFd memoryFile;

  private PreparedSnapshot(
      Manifest manifest, Shape shape, PreparedState state, OwnedFd memoryFile) {
    this.manifest = manifest;
    this.shape = shape;
    this.state = state;
    this.memoryFile = memoryFile;
  }

  /**
   * Opens, verifies and decodes.
   *
   * @param directory of the snapshot
   * @param supportedCpuid of this host's KVM
   * @return the caller owns it
   * @throws SnapshotException why it is refused; nothing stays open
   */
  public static PreparedSnapshot load(Path directory, List<CpuidEntry> supportedCpuid)
      throws SnapshotException {
    SnapshotReader.Opened opened = SnapshotReader.open(directory);
    try {
      Manifest manifest = opened.manifest();
      CpuFeatures.require(manifest.cpu(), supportedCpuid);
      Shape shape = ShapeEntries.toShape(manifest.shape());
      requireDisks(manifest, shape);
      PreparedState state = new PreparedState(StateSections.decode(opened.sections(), shape));
      return new PreparedSnapshot(manifest, shape, state, opened.memoryFile());
    } catch (SnapshotException | RuntimeException e) {
      opened.memoryFile().close();
      throw e;
    }
  }

  private static void requireDisks(Manifest manifest, Shape shape) throws SnapshotException {
    List<Integer> slots = new ArrayList<>();
    for (int i = 0; i < shape.devices().size(); i++) {
      if (shape.devices().get(i) instanceof DeviceSlot.Block) {
        slots.add(i);
      }
    }
    List<Integer> named = manifest.images().disks().stream().map(Manifest.Disk::slot).toList();
    if (!named.equals(slots)) {
      throw new SnapshotException(
          SnapshotError.MANIFEST_INVALID,
          "disks must be named for the block slots " + slots + ", got " + named);
    }
  }

  /**
   * @return what the snapshot says of itself
   */
  public Manifest manifest() {
    return manifest;
  }

  /**
   * @return of the shells it goes into
   */
  public Shape shape() {
    return shape;
  }

  PreparedState state() {
    return state;
  }

  int memoryFd() {
    return memoryFile.fd();
  }

  /**
   * The files its block devices need, looked at anew.
   *
   * @param imagesDir holds images by digest
   * @return one for each block slot, in order
   * @throws SnapshotException {@code image_mismatch} if one is not there or of another size
   */
  List<Disk> disks(Path imagesDir) throws SnapshotException {
    List<Disk> disks = new ArrayList<>();
    for (Manifest.Disk disk : manifest.images().disks()) {
      Path image = imagesDir.resolve(manifest.images().digest()).resolve(disk.file());
      try {
        long bytes = Files.size(image);
        if (bytes != disk.bytes()) {
          throw new SnapshotException(
              SnapshotError.IMAGE_MISMATCH,
              image + " has " + bytes + " bytes, the manifest says " + disk.bytes());
        }
      } catch (IOException e) {
        throw new SnapshotException(SnapshotError.IMAGE_MISMATCH, "no image " + image, e);
      }
      DeviceSlot.Block slot = (DeviceSlot.Block) shape.devices().get(disk.slot());
      disks.add(new Disk(image, slot.readOnly()));
    }
    return disks;
  }

  @Override
  public void close() {
    state.close();
    memoryFile.close();
  }
}
