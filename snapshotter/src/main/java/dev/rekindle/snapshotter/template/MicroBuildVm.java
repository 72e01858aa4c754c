package dev.rekindle.snapshotter.template;

import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.capture.VmCapture;
import dev.rekindle.snapshotter.format.HugePages;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.vmm.arch.x86.CpuidEntry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A VM being made into a template. Owns it. */
final class MicroBuildVm implements BuildVm {
  /**
   * What the guest gets between the last warm-up command and the pause, for what that command left
   * to the kernel: reaping, closing, freeing.
   */
  private static final Duration SETTLE = Duration.ofMillis(200);

  private final AgentVm vm;
  private final SnapshotWriter writer;
  private final Manifest.Images images;
  private final List<CpuidEntry> supportedCpuid;
  private final HugePages hugePages;

  /**
   * @param vm booted; runs from now on, closed with this
   * @param hugePages in which pages restores shall have its memory
   */
  MicroBuildVm(
      AgentVm vm,
      SnapshotWriter writer,
      Manifest.Images images,
      List<CpuidEntry> supportedCpuid,
      HugePages hugePages) {
    this.vm = vm;
    this.writer = writer;
    this.images = images;
    this.supportedCpuid = supportedCpuid;
    this.hugePages = hugePages;
    vm.resume();
  }

  @Override
  public CompletableFuture<Void> hello(Duration timeout) {
    return vm.agent().hello(timeout);
  }

  @Override
  public CompletableFuture<Ended> run(List<String> argv, Duration timeout) {
    return CommandEnd.of(vm.agent(), argv, timeout);
  }

  @Override
  public CompletableFuture<String> exited() {
    return vm.exited();
  }

  @Override
  public String consoleTail() {
    return vm.consoleTail();
  }

  @Override
  public Manifest capture(String snapshotId, String template) throws SnapshotException {
    try {
      Thread.sleep(SETTLE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    // A clone could do nothing with it.
    vm.agent().hangUp();
    return VmCapture.capture(
        vm.vm(), writer, snapshotId, template, images, supportedCpuid, hugePages);
  }

  @Override
  public void close() {
    vm.close();
  }
}
