package dev.rekindle.snapshotter.template;

import dev.rekindle.snapshotter.agent.CloneNames;
import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.format.WorkingSet;
import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.snapshotter.restore.RestoreException;
import dev.rekindle.snapshotter.restore.RestoreOptions;
import dev.rekindle.snapshotter.restore.Restorer;
import dev.rekindle.snapshotter.restore.SnapshotReader;
import dev.rekindle.snapshotter.restore.SnapshotSeal;
import dev.rekindle.snapshotter.restore.StageClock;
import dev.rekindle.snapshotter.restore.Uniqueness;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.memory.TouchedPages;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A first request in a VM restored as a host process restores it. */
final class CloneFirstRequest implements FirstRequest {
  private static final String FAILED = "template.first_request_failed";
  private static final CloneNames NAMES = new CloneNames("first", "f".repeat(32), "first");

  private final KvmHost host;
  private final Path imagesDir;
  private final Duration agentTimeout;
  private final Duration commandTimeout;

  /**
   * @param host this process's KVM
   * @param imagesDir holds the snapshot's disks, by digest
   * @param agentTimeout until the clone's agent has answered
   * @param commandTimeout for the command
   */
  CloneFirstRequest(KvmHost host, Path imagesDir, Duration agentTimeout, Duration commandTimeout) {
    this.host = host;
    this.imagesDir = imagesDir;
    this.agentTimeout = agentTimeout;
    this.commandTimeout = commandTimeout;
  }

  @Override
  public WorkingSet record(Path snapshotDir, List<String> command) throws BuildException {
    try (Restorer restorer = new Restorer(host, RestoreOptions.learning(), SnapshotSeal.NONE)) {
      Manifest manifest = SnapshotReader.readManifest(snapshotDir);
      int stateCrc = HexFormat.fromHexDigits(manifest.stateFile().crc32c());
      MicroVm vm = restorer.restore(snapshotDir, imagesDir, "", new StageClock()).vm();
      try (vm) {
        AgentVm clone = new AgentVm(vm, new VsockGuestAgent(vm.vsock(), host.loop()));
        new Uniqueness(agentTimeout, agentTimeout).establish(clone, NAMES, new StageClock());
        if (!command.isEmpty()) {
          await(clone, CommandEnd.of(clone.agent(), command, commandTimeout));
        }
        vm.pause();
        TouchedPages touched = vm.touchedPages();
        return new WorkingSet(stateCrc, touched.read(), touched.written());
      }
    } catch (SnapshotException e) {
      throw new BuildException(e.code(), e.getMessage(), null, e);
    } catch (RestoreException e) {
      throw new BuildException(e.code(), e.getMessage(), e.consoleTail(), e);
    }
  }

  private void await(AgentVm clone, CompletableFuture<?> end) throws BuildException {
    try {
      CompletableFuture.anyOf(end, clone.exited())
          .get(commandTimeout.toMillis() + 10_000, TimeUnit.MILLISECONDS);
    } catch (TimeoutException | ExecutionException e) {
      throw new BuildException(FAILED, "in the clone: " + e, clone.consoleTail(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BuildException("template.canceled", "the build was interrupted", null, e);
    }
    if (!end.isDone()) {
      throw new BuildException(FAILED, "the clone stopped", clone.consoleTail(), null);
    }
  }
}
