package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.image.BareProgram;
import dev.rekindle.snapshotter.image.ImageException;
import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.vmm.boot.BootException;
import dev.rekindle.vmm.boot.KernelCommandLine;
import dev.rekindle.vmm.kvm.KvmUnavailableException;
import dev.rekindle.vmm.machine.BootConfig;
import dev.rekindle.vmm.machine.DeviceSlot;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MachineException;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.Shape;
import dev.rekindle.vmm.machine.Shell;
import dev.rekindle.vmm.sys.ErrnoException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A template of the bare guest, see {@code docs/agent-protocol.md}. For tests and benchmarks of all
 * around the guest, on any /dev/kvm: no user is offered it, no recipe makes it, and a service
 * cannot build it anew.
 */
public final class BareTemplate {
  /** Least memory: its program and buffers take 9 MiB. */
  public static final int MIN_MEMORY_MIB = 16;

  private static final int MAX_MEMORY_MIB = 1024;

  /** The guest expects the socket device in the first slot. */
  private static final List<DeviceSlot> DEVICES =
      List.of(new DeviceSlot.Vsock(), new DeviceSlot.Rng());

  /** So that a clone finds the paths of a first command taken. */
  private static final List<List<String>> WARM_UP =
      List.of(List.of("true"), List.of("echo", "warm"));

  private static final Duration BOOT_TIMEOUT = Duration.ofSeconds(30);
  private static final Duration WARM_UP_TIMEOUT = Duration.ofSeconds(30);

  private BareTemplate() {}

  /**
   * Compiles the guest, boots it, snapshots it and publishes the snapshot. Takes a second or two.
   * Thread: any; blocks.
   *
   * @param state state directory of a service or of a test, made if it is missing
   * @param name of the template
   * @param memoryMib of the VM, even, in [16, 1024]
   * @param progress told of the stages
   * @return the new generation and its snapshot
   * @throws BuildException as {@link TemplateBooter#run}; also {@code image.*}
   * @throws IllegalArgumentException if the name is none or the memory out of its range
   */
  public static TemplateBuild.Result build(
      Path state, String name, int memoryMib, BuildProgress progress) throws BuildException {
    TemplateName.require(name);
    if (memoryMib < MIN_MEMORY_MIB || memoryMib > MAX_MEMORY_MIB || memoryMib % 2 != 0) {
      throw new IllegalArgumentException(
          "memoryMib must be even and in ["
              + MIN_MEMORY_MIB
              + ", "
              + MAX_MEMORY_MIB
              + "], got "
              + memoryMib);
    }
    Path work = null;
    try {
      work = Files.createTempDirectory("rekindle-bare");
      return boot(state, name, memoryMib, progress, BareProgram.compile(work));
    } catch (ImageException e) {
      throw new BuildException(e.code(), e.getMessage(), null, e);
    } catch (KvmUnavailableException e) {
      throw new BuildException("kvm.unavailable", e.getMessage(), null, e);
    } catch (BootException e) {
      throw new BuildException(e.code().code(), e.getMessage(), null, e);
    } catch (MachineException | ErrnoException e) {
      throw new BuildException("template.vm_failed", e.getMessage(), null, e);
    } catch (IOException e) {
      throw new BuildException("image.io", e.toString(), null, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BuildException("template.canceled", "the build was interrupted", null, e);
    } finally {
      remove(work);
    }
  }

  private static TemplateBuild.Result boot(
      Path state, String name, int memoryMib, BuildProgress progress, Path program)
      throws BuildException {
    ObjectNode recipe = JsonNodeFactory.instance.objectNode();
    recipe.put("bare", true).put("memoryMib", memoryMib).put("vcpus", 1);
    TemplateStore store = new TemplateStore(state);
    try (KvmHost host = KvmHost.open()) {
      Shell shell = Shell.build(host, new Shape((long) memoryMib << 20, 1, DEVICES));
      MicroVm vm;
      try {
        vm =
            MicroVm.boot(
                shell,
                new BootConfig(program, Optional.empty(), KernelCommandLine.defaults(), List.of()));
      } catch (RuntimeException e) {
        shell.close();
        throw e;
      }
      MicroBuildVm buildVm =
          new MicroBuildVm(
              new AgentVm(vm, new VsockGuestAgent(vm.vsock(), host.loop())),
              new SnapshotWriter(store.snapshotsDir()),
              new Manifest.Images("none", "bare.elf", "", "", List.of()),
              host.supportedCpuid());
      return new TemplateBuild(store, progress, BOOT_TIMEOUT, WARM_UP_TIMEOUT)
          .run(name, recipe, WARM_UP, buildVm);
    }
  }

  private static void remove(Path work) {
    if (work == null) {
      return;
    }
    try (var entries = Files.list(work)) {
      for (Path entry : entries.toList()) {
        Files.deleteIfExists(entry);
      }
      Files.deleteIfExists(work);
    } catch (IOException e) {
      // It lies among temporary files; that it stays there fails nothing.
    }
  }
}
