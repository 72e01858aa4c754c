package dev.rekindle.snapshotter.template;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.agent.GuestAgent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Waits for the end of a command in a guest that is being built; keeps the last of its output. */
final class CommandEnd implements ExecObserver {
  private static final int OUTPUT_TAIL_BYTES = 4096;

  private final CompletableFuture<BuildVm.Ended> ended;
  private final ByteArrayOutputStream tail = new ByteArrayOutputStream();

  private CommandEnd(CompletableFuture<BuildVm.Ended> ended) {
    this.ended = ended;
  }

  /** Runs a command without input; see {@link BuildVm#run}. */
  static CompletableFuture<BuildVm.Ended> of(
      GuestAgent agent, List<String> argv, Duration timeout) {
    CompletableFuture<BuildVm.Ended> ended = new CompletableFuture<>();
    HostRequest.Exec command =
        new HostRequest.Exec("build", argv, Map.of(), "/", timeout.toMillis(), 0, 0);
    ExecSession session = agent.exec(command, new CommandEnd(ended));
    session.stdinEof();
    return ended;
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
    ended.complete(
        new BuildVm.Ended(result.exitCode(), result.signal(), result.timedOut(), output));
  }

  @Override
  public void failed(HostException failure) {
    ended.completeExceptionally(failure);
  }
}
