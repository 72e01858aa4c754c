package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.vmm.boot.BootException;
import dev.rekindle.vmm.boot.KernelCommandLine;
import dev.rekindle.vmm.kvm.KvmUnavailableException;
import dev.rekindle.vmm.machine.BootConfig;
import dev.rekindle.vmm.machine.DeviceSlot;
import dev.rekindle.vmm.machine.Disk;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MachineException;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.machine.Shell;
import dev.rekindle.vmm.sys.ErrnoException;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Boots a plan in a VM of its own and makes a template of it. Thread: one; blocks. */
public final class TemplateBooter {
  /** Every template's devices: the root image, the socket, entropy. */
  private static final List<DeviceSlot> DEVICES =
      List.of(new DeviceSlot.Block(true), new DeviceSlot.Vsock(), new DeviceSlot.Rng());

  private static final int ROOT_SLOT = 0;
  private static final Duration WARMUP_TIMEOUT = Duration.ofSeconds(120);

  private final TemplateStore store;
  private final BuildProgress progress;

  /**
   * @param store where to publish
   * @param progress told of the stages from {@code boot} on
   */
  public TemplateBooter(TemplateStore store, BuildProgress progress) {
    this.store = store;
    this.progress = progress;
  }

  /**
   * Boots, warms up, snapshots and publishes.
   *
   * @param name of the template
   * @param recipe as given
   * @param plan made from the recipe
   * @return the result
   * @throws BuildException see {@link TemplateBuild#run}; also {@code kvm.unavailable}, {@code
   *     kernel.*}, {@code initramfs.*}, {@code template.vm_failed}
   */
  public TemplateBuild.Result run(String name, JsonNode recipe, BootPlan plan)
      throws BuildException {
    try (KvmHost host = KvmHost.open()) {
      MicroVm vm = boot(host, plan);
      AgentVm agentVm = new AgentVm(vm, new VsockGuestAgent(vm.vsock(), host.loop()));
      MicroBuildVm buildVm =
          new MicroBuildVm(
              agentVm,
              new SnapshotWriter(store.snapshotsDir()),
              images(plan),
              host.supportedCpuid());
      return new TemplateBuild(store, progress, plan.bootTimeout(), WARMUP_TIMEOUT)
          .run(name, recipe, plan.warmup(), buildVm);
    } catch (KvmUnavailableException e) {
      throw new BuildException("kvm.unavailable", e.getMessage(), null, e);
    } catch (BootException e) {
      throw new BuildException(e.code().code(), e.getMessage(), null, e);
    } catch (MachineException | ErrnoException e) {
      throw new BuildException("template.vm_failed", e.getMessage(), null, e);
    } catch (IOException e) {
      throw new BuildException("template.image_missing", e.toString(), null, e);
    }
  }

  private static MicroVm boot(KvmHost host, BootPlan plan) {
    BootConfig config =
        new BootConfig(
            plan.kernel(),
            Optional.of(plan.initramfs()),
            KernelCommandLine.defaults().withAll(plan.kernelArguments()),
            List.of(new Disk(plan.rootfs(), true)));
    Shell shell = Shell.build(host, new Shape(plan.memoryBytes(), plan.vcpuCount(), DEVICES));
    try {
      return MicroVm.boot(shell, config);
    } catch (RuntimeException e) {
      shell.close();
      throw e;
    }
  }

  private static Manifest.Images images(BootPlan plan) throws IOException {
    return new Manifest.Images(
        plan.digest(),
        plan.kernel().getFileName().toString(),
        plan.initramfs().getFileName().toString(),
        plan.kernelArguments(),
        List.of(
            new Manifest.Disk(
                ROOT_SLOT, plan.rootfs().getFileName().toString(), Files.size(plan.rootfs()))));
  }
}
