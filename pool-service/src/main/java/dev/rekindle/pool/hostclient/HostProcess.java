package dev.rekindle.pool.hostclient;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host process of this service: started, connected to, and replaced when it dies, with a delay
 * that doubles up to 5 s while it dies at once. Thread: the event loop it was made on.
 */
public final class HostProcess {
  private static final Logger LOG = LoggerFactory.getLogger(HostProcess.class);
  private static final long MAX_DELAY_MILLIS = 5_000;

  /**
   * How to start it.
   *
   * @param command up to the arguments of its main class
   * @param stateDir passed on
   * @param shells passed on
   */
  public record Launch(List<String> command, Path stateDir, int shells) {}

  private final Vertx vertx;
  private final NetClient net;
  private final Launch launch;
  private final HostListener listener;
  private final Runnable onStart;
  private Process process;
  private HostClient client;
  private Promise<HostClient> awaited = Promise.promise();
  private long delayMillis = 100;
  private int starts;
  private boolean stopping;

  /**
   * @param vertx event loops
   * @param launch how to start it
   * @param listener told of lost sandboxes
   * @param onStart called at each start
   */
  public HostProcess(Vertx vertx, Launch launch, HostListener listener, Runnable onStart) {
    this.vertx = vertx;
    this.net = vertx.createNetClient();
    this.launch = launch;
    this.listener = listener;
    this.onStart = onStart;
  }

  /** Starts it; {@link #client} is done when it is there. */
  public void start() {
    onStart.run();
    int number = ++starts;
    vertx
        .executeBlocking(() -> spawn(number), false)
        .compose(path -> HostClient.connect(net, path, new Watch()))
        .onSuccess(connected -> {
          client = connected;
          delayMillis = 100;
          awaited.tryComplete(connected);
        })
        .onFailure(e -> {
          LOG.error("the host process did not start: {}", e.getMessage());
          restartLater();
        });
  }

  private Path spawn(int number) throws IOException {
    Path run = launch.stateDir.resolve("run");
    Files.createDirectories(
        run, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Path socket = run.resolve("host-" + ProcessHandle.current().pid() + "-" + number + ".sock");
    Files.deleteIfExists(socket);
    Path logs = Files.createDirectories(launch.stateDir.resolve("logs"));
    List<String> command = new java.util.ArrayList<>(launch.command);
    command.addAll(
        List.of(
            "--socket",
            socket.toString(),
            "--state",
            launch.stateDir.toString(),
            "--shells",
            Integer.toString(launch.shells)));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.redirectError(ProcessBuilder.Redirect.appendTo(logs.resolve("host.log").toFile()));
    Process started = builder.start();
    started.getOutputStream().close();
    BufferedReader out = started.inputReader();
    String line = out.readLine();
    if (!"ready".equals(line)) {
      started.destroyForcibly();
      throw new IOException(
          "it said '" + line + "' instead of ready; see " + logs.resolve("host.log"));
    }
    process = started;
    started
        .onExit()
        .thenRun(() ->
            LOG.info("host process {} ended, exit code {}", started.pid(), started.exitValue()));
    return socket;
  }

  private final class Watch implements HostListener {
    @Override
    public void sandboxExited(String sandboxId, String reason, String consoleTail) {
      listener.sandboxExited(sandboxId, reason, consoleTail);
    }

    @Override
    public void hostLost() {
      client = null;
      awaited = Promise.promise();
      listener.hostLost();
      if (!stopping) {
        LOG.warn("the connection to the host process is gone; starting another");
        process.destroyForcibly();
        restartLater();
      }
    }
  }

  private void restartLater() {
    if (!stopping) {
      vertx.setTimer(delayMillis, _ -> start());
      delayMillis = Math.min(MAX_DELAY_MILLIS, delayMillis * 2);
    }
  }

  /**
   * The connection, waiting for it if the process is just being started.
   *
   * @return failed with {@code host.unavailable} if it is not there within 10 s
   */
  public Future<HostClient> client() {
    if (client != null) {
      return Future.succeededFuture(client);
    }
    return awaited
        .future()
        .timeout(10, TimeUnit.SECONDS)
        .recover(_ ->
            Future.failedFuture(
                new ServiceException(
                    ErrorCode.HOST_UNAVAILABLE,
                    "no host process within 10 s; see its log in the state directory")));
  }

  /**
   * @return whether a host process is connected
   */
  public boolean ready() {
    return client != null;
  }

  /**
   * @return how often one was started
   */
  public int starts() {
    return starts;
  }

  /**
   * Ends the process in order, by force after 10 s.
   *
   * @return done when it is gone
   */
  public Future<Void> stop() {
    stopping = true;
    if (process == null) {
      return Future.succeededFuture();
    }
    return vertx.executeBlocking(
        () -> {
          process.destroy();
          if (!process.waitFor(10, TimeUnit.SECONDS)) {
            process.destroyForcibly();
          }
          return null;
        },
        false);
  }
}
