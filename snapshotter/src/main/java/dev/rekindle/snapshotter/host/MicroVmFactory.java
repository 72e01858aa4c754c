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
import dev.rekindle.vmm.probe.KvmProbe;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes sandboxes that are VMs. Owns KVM and the restorer. Thread: any, several at once. */
final class MicroVmFactory implements SandboxFactory {
  private static final Logger LOG = LoggerFactory.getLogger(MicroVmFactory.class);

  /** The agent confirms in milliseconds; a software-emulated host needs up to seconds. */
  private static final Duration IDENTITY_TIMEOUT = Duration.ofSeconds(15);

  private final KvmHost host;
  private final Restorer restorer;
  private final Uniqueness uniqueness;
  private final Function<MicroVm, GuestAgent> agents;
  private final FutureTask<Boolean> runsNatively = new FutureTask<>(MicroVmFactory::probe);

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
    // Beside the start, which it would prolong by a guest's run.
    Thread.ofPlatform().daemon().name("kvm-probe").start(runsNatively);
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

  /** Waits for the probe, which takes milliseconds, or where KVM emulates up to two seconds. */
  @Override
  public boolean runsNatively() {
    try {
      return runsNatively.get();
    } catch (ExecutionException e) {
      LOG.error("the probe of KVM failed", e.getCause());
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
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

  /** A guest that was slow once may have waited for a processor; one that emulates always is. */
  private static boolean probe() {
    return KvmProbe.run().runsLinux() || KvmProbe.run().runsLinux();
  }
}
