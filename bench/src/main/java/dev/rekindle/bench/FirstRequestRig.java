package dev.rekindle.bench;

import dev.rekindle.snapshotter.agent.CloneNames;
import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.snapshotter.restore.RestoreOptions;
import dev.rekindle.snapshotter.restore.Restorer;
import dev.rekindle.snapshotter.restore.SnapshotSeal;
import dev.rekindle.snapshotter.restore.StageClock;
import dev.rekindle.snapshotter.restore.Uniqueness;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MemoryUse;
import dev.rekindle.vmm.memory.PageRuns;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** Restores one snapshot in one way, again and again into the same VM. Thread: one. */
final class FirstRequestRig implements AutoCloseable {
  private static final Duration TIMEOUT = Duration.ofSeconds(120);
  private static final CloneNames NAMES = new CloneNames("bench", "b".repeat(32), "bench");

  private final KvmHost host;
  private final Restorer restorer;
  private final Path snapshot;
  private final Path images;
  private final List<String> argv;
  private final Uniqueness uniqueness = new Uniqueness(TIMEOUT, TIMEOUT);

  FirstRequestRig(
      KvmHost host,
      Path snapshot,
      Path images,
      List<String> argv,
      RestoreOptions.PrefetchMode prefetch) {
    this.host = host;
    this.snapshot = snapshot;
    this.images = images;
    this.argv = argv;
    restorer = new Restorer(host, new RestoreOptions(0, prefetch, false), SnapshotSeal.NONE);
  }

  /** Restores, makes unique, asks; the VM is kept for the next. */
  FirstRequestRun run() throws Exception {
    long began = System.nanoTime();
    Restorer.Restored restored = restorer.restore(snapshot, images, "", new StageClock());
    long ready = System.nanoTime();
    AgentVm vm =
        new AgentVm(restored.vm(), new VsockGuestAgent(restored.vm().vsock(), host.loop()));
    uniqueness.establish(vm, NAMES, new StageClock());
    CompletableFuture<HostReply.Exec> answer = new CompletableFuture<>();
    HostRequest.Exec request =
        new HostRequest.Exec("bench", argv, Map.of(), "/", TIMEOUT.toMillis(), 0, 0);
    vm.agent().exec(request, new Answer(answer)).stdinEof();
    HostReply.Exec ended = answer.get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    long done = System.nanoTime();
    if (ended.exitCode() != 0) {
      throw new IllegalStateException(argv + " ended with " + ended.exitCode());
    }
    MemoryUse use = restored.vm().memoryUse();
    restorer.recycle(restored.vm(), null);
    return new FirstRequestRun(
        (done - began) / 1000,
        (ready - began) / 1000,
        use.faults().minor(),
        use.faults().major(),
        use.ownPages() * PageRuns.PAGE_BYTES);
  }

  @Override
  public void close() {
    restorer.close();
  }

  private record Answer(CompletableFuture<HostReply.Exec> result) implements ExecObserver {
    @Override
    public void started(long pid) {
      // The end is what counts.
    }

    @Override
    public void output(StreamKind stream, byte[] bytes) {
      // That it came at all is in the exit code.
    }

    @Override
    public void stdinTaken(int bytes) {
      // None is sent.
    }

    @Override
    public void ended(HostReply.Exec exec) {
      result.complete(exec);
    }

    @Override
    public void failed(HostException failure) {
      result.completeExceptionally(failure);
    }
  }
}
