package dev.rekindle.snapshotter.template;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.capture.SnapshotWriter;
import dev.rekindle.snapshotter.capture.VmCapture;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.vmm.arch.x86.CpuidEntry;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** A VM being made into a template. Owns it. */
final class MicroBuildVm implements BuildVm {
  /**
   * What the guest gets between the last warm-up command and the pause, for what that command left
   * to the kernel: reaping, closing, freeing.
   */
  private static final Duration SETTLE = Duration.ofMillis(200);

  private static final int OUTPUT_TAIL_BYTES = 4096;

  private final AgentVm vm;
  private final SnapshotWriter writer;
  private final Manifest.Images images;
  private final List<CpuidEntry> supportedCpuid;

  /**
   * @param vm booted; runs from now on, closed with this
   */
  MicroBuildVm(
      AgentVm vm, SnapshotWriter writer, Manifest.Images images, List<CpuidEntry> supportedCpuid) {
    this.vm = vm;
    this.writer = writer;
    this.images = images;
    this.supportedCpuid = supportedCpuid;
    vm.resume();
  }

  @Override
  public CompletableFuture<Void> hello(Duration timeout) {
    return vm.agent().hello(timeout);
  }

  @Override
  public CompletableFuture<Ended> run(List<String> argv, Duration timeout) {
    CompletableFuture<Ended> ended = new CompletableFuture<>();
    HostRequest.Exec command =
        new HostRequest.Exec("build", argv, Map.of(), "/", timeout.toMillis(), 0, 0);
    ExecSession session = vm.agent().exec(command, new Collector(ended));
    session.stdinEof();
    return ended;
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
    return VmCapture.capture(vm.vm(), writer, snapshotId, template, images, supportedCpuid);
  }

  @Override
  public void close() {
    vm.close();
  }

  /** Keeps the end of a command's output. */
  private static final class Collector implements ExecObserver {
    private final CompletableFuture<Ended> ended;
    private final ByteArrayOutputStream tail = new ByteArrayOutputStream();

    Collector(CompletableFuture<Ended> ended) {
      this.ended = ended;
    }

    @Override
    public void started(long pid) {}

    @Override
    public void output(StreamKind stream, byte[] bytes) {
      tail.writeBytes(bytes);
      if (tail.size() > 2 * OUTPUT_TAIL_BYTES) {
        byte[] all = tail.toByteArray();
        tail.reset();
        tail.write(all, all.length - OUTPUT_TAIL_BYTES, OUTPUT_TAIL_BYTES);
      }
    }

    @Override
    public void stdinTaken(int bytes) {}

    @Override
    public void ended(HostReply.Exec result) {
      String output = tail.toString(StandardCharsets.UTF_8).strip();
      ended.complete(new Ended(result.exitCode(), result.signal(), result.timedOut(), output));
    }

    @Override
    public void failed(HostException failure) {
      ended.completeExceptionally(failure);
    }
  }
}
