package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.CloneNames;
import dev.rekindle.snapshotter.agent.GuestAgent;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.snapshotter.restore.RestoreException;
import dev.rekindle.snapshotter.restore.Restorer;
import dev.rekindle.snapshotter.restore.StageClock;
import dev.rekindle.snapshotter.restore.Uniqueness;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MicroVm;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;

/** Makes sandboxes that are VMs. Owns KVM and the restorer. Thread: any, several at once. */
final class MicroVmFactory implements SandboxFactory {
  /** The agent confirms in milliseconds; a software-emulated host needs up to seconds. */
  private static final Duration IDENTITY_TIMEOUT = Duration.ofSeconds(15);

  private final KvmHost host;
  private final Restorer restorer;
  private final Uniqueness uniqueness;
  private final Function<MicroVm, GuestAgent> agents;
  private final boolean runsNatively;

  /**
   * @param host closed with this
   * @param agents how the agent of a VM is reached
   * @param shellsPerShape how many VMs to keep built ahead
   * @param agentTimeout until a restored guest's agent must have answered
   */
  MicroVmFactory(
      KvmHost host,
      Function<MicroVm, GuestAgent> agents,
      int shellsPerShape,
      Duration agentTimeout) {
    this.host = host;
    this.agents = agents;
    this.restorer = new Restorer(host, shellsPerShape);
    this.uniqueness = new Uniqueness(agentTimeout, IDENTITY_TIMEOUT);
    this.runsNatively = processorVirtualizes();
  }

  @Override
  public Acquired acquire(HostRequest.Acquire request) throws HostException {
    StageClock clock = new StageClock();
    try {
      Restorer.Restored restored =
          restorer.restore(Path.of(request.snapshotDir()), Path.of(request.imagesDir()), clock);
      AgentVm vm = withAgent(restored.vm());
      HostRequest.Identity identity = request.identity();
      CloneNames names =
          new CloneNames(identity.hostname(), identity.machineId(), identity.leaseId());
      uniqueness.establish(vm, names, clock);
      return new Acquired(
          new AgentSandbox(vm), restored.fromShell() ? "shell" : "new", clock.micros());
    } catch (SnapshotException e) {
      throw new HostException(e.code(), e.getMessage(), null, e);
    } catch (RestoreException e) {
      throw new HostException(e.code(), e.getMessage(), e.consoleTail(), e);
    }
  }

  private AgentVm withAgent(MicroVm vm) {
    try {
      return new AgentVm(vm, agents.apply(vm));
    } catch (RuntimeException e) {
      vm.close();
      throw e;
    }
  }

  @Override
  public boolean runsNatively() {
    return runsNatively;
  }

  @Override
  public int shells() {
    return restorer.shells();
  }

  @Override
  public void close() {
    restorer.close();
    host.close();
  }

  /** Without VMX or SVM, a KVM that opens all the same can only emulate. */
  private static boolean processorVirtualizes() {
    try (var lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      List<String> flags =
          lines
              .filter(line -> line.startsWith("flags"))
              .findFirst()
              .map(line -> Arrays.asList(line.split("\\s+")))
              .orElse(List.of());
      return flags.contains("vmx") || flags.contains("svm");
    } catch (IOException e) {
      return false;
    }
  }
}
