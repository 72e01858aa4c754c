package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.CloneNames;
import dev.rekindle.snapshotter.agent.GuestAgent;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
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
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes sandboxes that are VMs. Owns KVM and the restorer. Thread: any, several at once. */
final class MicroVmFactory implements SandboxFactory {
  private static final Logger LOG = LoggerFactory.getLogger(MicroVmFactory.class);

  /** The agent confirms in milliseconds; a software-emulated host needs up to seconds. */
  private static final Duration IDENTITY_TIMEOUT = Duration.ofSeconds(15);

  private static final Duration WARM_UP_TIMEOUT = Duration.ofSeconds(60);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final KvmHost host;
  private final Restorer restorer;
  private final Uniqueness uniqueness;
  private final Function<MicroVm, GuestAgent> agents;
  private final FutureTask<Boolean> runsNatively =
      new FutureTask<>(() -> KvmProbe.run().runsLinux());
  private final AtomicInteger acquiring = new AtomicInteger();
  private final Map<String, ParkedRecipe> recipes = new ConcurrentHashMap<>();
  private final ParkedStock<ParkedRecipe, ParkedSandbox> stock =
      new ParkedStock<>(this::park, () -> acquiring.get() > 0);

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
    acquiring.incrementAndGet();
    try {
      HostRequest.Identity identity = request.identity();
      CloneNames names =
          new CloneNames(identity.hostname(), identity.machineId(), identity.leaseId());
      ParkedSandbox ready = parked(request);
      if (ready != null) {
        uniqueness.claim(ready.vm(), names, ready.generationId(), clock);
        return new Acquired(sandbox(ready.vm(), request), "parked", clock.micros());
      }
      Restorer.Restored restored =
          restorer.restore(
              Path.of(request.snapshotDir()),
              Path.of(request.imagesDir()),
              request.tenant(),
              clock);
      AgentVm vm = withAgent(restored.vm());
      uniqueness.establish(vm, names, clock);
      return new Acquired(
          sandbox(vm, request), restored.fromShell() ? "shell" : "new", clock.micros());
    } catch (SnapshotException e) {
      throw new HostException(e.code(), e.getMessage(), null, e);
    } catch (RestoreException e) {
      throw new HostException(e.code(), e.getMessage(), e.consoleTail(), e);
    } finally {
      acquiring.decrementAndGet();
    }
  }

  private ParkedSandbox parked(HostRequest.Acquire request) {
    ParkedRecipe recipe = recipes.get(request.snapshotDir());
    return recipe == null ? null : stock.take(recipe, request.tenant());
  }

  private AgentSandbox sandbox(AgentVm vm, HostRequest.Acquire request) {
    return new AgentSandbox(
        vm,
        ended -> {
          // Who stopped by itself may have left KVM in a state nobody has looked at.
          if (request.recycle() == HostRequest.Recycle.NEVER || ended.exited().isDone()) {
            ended.close();
          } else {
            boolean anybody = request.recycle() == HostRequest.Recycle.ALWAYS;
            restorer.recycle(ended.vm(), anybody ? null : request.tenant());
          }
        });
  }

  /** Restores, makes unique, warms and pauses one that nobody waits for. */
  private ParkedSandbox park(ParkedRecipe recipe) throws HostException {
    StageClock clock = new StageClock();
    try {
      Restorer.Restored restored =
          restorer.restoreAhead(recipe.snapshotDir(), recipe.imagesDir(), clock);
      AgentVm vm = withAgent(restored.vm());
      byte[] generationId = uniqueness.establish(vm, placeholder(), clock);
      try {
        if (!recipe.warmUp().isEmpty()) {
          WarmUp.run(vm.agent(), recipe.warmUp(), WARM_UP_TIMEOUT);
        }
        vm.vm().pause();
      } catch (HostException | RuntimeException e) {
        vm.close();
        throw e;
      }
      return new ParkedSandbox(vm, restored.tenant(), generationId);
    } catch (SnapshotException e) {
      throw new HostException(e.code(), e.getMessage(), null, e);
    } catch (RestoreException e) {
      throw new HostException(e.code(), e.getMessage(), e.consoleTail(), e);
    }
  }

  /** Nobody sees it; it keeps parked clones apart from each other all the same. */
  private static CloneNames placeholder() {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    String hex = HexFormat.of().formatHex(id);
    return new CloneNames("parked-" + hex.substring(0, 8), hex, "parked");
  }

  @Override
  public void pool(HostRequest.Pool request) throws HostException {
    try {
      restorer.wantShells(Path.of(request.snapshotDir()), request.shells());
    } catch (SnapshotException e) {
      throw new HostException(e.code(), e.getMessage(), null, e);
    }
    ParkedRecipe recipe = ParkedRecipe.of(request);
    ParkedRecipe old = recipes.put(request.snapshotDir(), recipe);
    if (old != null && !old.equals(recipe)) {
      stock.want(old, 0);
    }
    stock.want(recipe, request.parked());
  }

  @Override
  public List<HostReply.PoolLevel> pools() {
    return stock.levels().entrySet().stream().map(e -> level(e.getKey(), e.getValue())).toList();
  }

  private HostReply.PoolLevel level(ParkedRecipe recipe, ParkedStock.Level level) {
    return new HostReply.PoolLevel(
        recipe.snapshotDir().toString(),
        level.parked(),
        level.wanted(),
        restorer.shells(recipe.snapshotDir()),
        level.made(),
        level.makeMicros(),
        level.failures(),
        level.lastError());
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
    stock.close();
    restorer.close();
    host.close();
  }
}
