package dev.rekindle.snapshotter.capture;

import dev.rekindle.snapshotter.format.CpuFeatures;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.ShapeEntries;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.format.StateSections;
import dev.rekindle.vmm.arch.x86.CpuidEntry;
import dev.rekindle.vmm.machine.MachineState;
import dev.rekindle.vmm.machine.MicroVm;
import java.util.List;

/** Takes a snapshot of a VM. */
public final class VmCapture {
  private static final String CREATOR = "rekindle 0.1.0";

  private VmCapture() {}

  /**
   * Pauses the VM and writes it; the VM stays paused.
   *
   * @param vm running or paused
   * @param writer where to
   * @param snapshotId of the snapshot to be
   * @param template what it is made for
   * @param images what was booted and its disks
   * @param supportedCpuid of this host's KVM
   * @return the manifest as written
   * @throws SnapshotException {@code no_space} or {@code io}; nothing is left behind
   */
  public static Manifest capture(
      MicroVm vm,
      SnapshotWriter writer,
      String snapshotId,
      String template,
      Manifest.Images images,
      List<CpuidEntry> supportedCpuid)
      throws SnapshotException {
    vm.pause();
    MachineState state = vm.capture();
    SnapshotDescription description =
        new SnapshotDescription(
            snapshotId, template, CREATOR, images, CpuFeatures.of(supportedCpuid));
    return writer.write(
        description, ShapeEntries.of(state.shape()), StateSections.encode(state), vm.memory());
  }
}
