package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.agent.GuestAgent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Runs a pool's warm-up command in a clone, so that what its first request touches is there; its
 * output is thrown away.
 */
final class WarmUp {
  private WarmUp() {}

  /**
   * @throws HostException {@code pool.warm_up_failed} where it ends with anything but 0, or does
   *     not end
   */
  static void run(GuestAgent agent, List<String> argv, Duration timeout) throws HostException {
    CompletableFuture<HostReply.Exec> ended = new CompletableFuture<>();
    HostRequest.Exec command =
        new HostRequest.Exec("warm-up", argv, Map.of(), "/", timeout.toMillis(), 0, 0);
    ExecSession session = agent.exec(command, new Discard(ended));
    try {
      session.stdinEof();
      // The agent keeps the time; this is against one that does not answer.
      HostReply.Exec result = ended.get(timeout.toMillis() + 1_000, TimeUnit.MILLISECONDS);
      if (result.exitCode() != 0) {
        throw failed(argv, "exit code " + result.exitCode() + ", signal " + result.signal(), null);
      }
    } catch (TimeoutException e) {
      session.kill();
      throw failed(argv, "no end within " + timeout, e);
    } catch (ExecutionException e) {
      throw failed(argv, e.getCause().getMessage(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      session.kill();
      throw failed(argv, "interrupted", e);
    }
  }

  private static HostException failed(List<String> argv, String why, Throwable cause) {
    return new HostException("pool.warm_up_failed", argv + ": " + why, null, cause);
  }

  private record Discard(CompletableFuture<HostReply.Exec> result) implements ExecObserver {
    @Override
    public void started(long pid) {
      // Its end is what counts.
    }

    @Override
    public void output(StreamKind stream, byte[] bytes) {
      // Nobody reads it.
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
