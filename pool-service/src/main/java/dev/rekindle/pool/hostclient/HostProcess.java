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
  private static final int STOP_SECONDS = 10;

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

  /** The newest one started; written by the worker that starts it. */
  private volatile Process process;

  private Future<?> starting = Future.succeededFuture();
  private Watch watch;
  private HostClient client;
  private Promise<HostClient> awaited = Promise.promise();
  private long delayMillis = 100;
  private int starts;
  private volatile boolean stopping;

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
    if (stopping) {
      return;
    }
    onStart.run();
    Path socket = socket(++starts);
    Watch mine = new Watch(socket);
    starting =
        vertx
            .executeBlocking(() -> spawn(socket), false)
            .compose(_ -> HostClient.connect(net, socket, mine))
            .onSuccess(connected -> {
              watch = mine;
              client = connected;
              delayMillis = 100;
              awaited.tryComplete(connected);
            })
            .onFailure(e -> {
              if (!stopping) {
                LOG.error("the host process did not start: {}", e.getMessage());
              }
              ended(socket);
            });
  }

  private Path socket(int number) {
    return launch
        .stateDir
        .resolve("run")
        .resolve("host-" + ProcessHandle.current().pid() + "-" + number + ".sock");
  }

  /** Takes back what is left of a host process and starts another. */
  private void ended(Path socket) {
    Process gone = process;
    if (gone != null) {
      gone.destroyForcibly();
    }
    // One that was killed has not removed its socket.
    vertx
        .executeBlocking(() -> Files.deleteIfExists(socket), false)
        .onFailure(e -> LOG.warn("{} stays behind: {}", socket, e.toString()));
    if (!stopping) {
      vertx.setTimer(delayMillis, _ -> start());
      delayMillis = Math.min(MAX_DELAY_MILLIS, delayMillis * 2);
    }
  }

  private Path spawn(Path socket) throws IOException {
    Files.createDirectories(
        socket.getParent(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
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
    process = started;
    if (stopping) {
      started.destroy();
    }
    started.getOutputStream().close();
    BufferedReader out = started.inputReader();
    String line = out.readLine();
    if (!"ready".equals(line)) {
      started.destroyForcibly();
      throw new IOException(
          "it said '" + line + "' instead of ready; see " + logs.resolve("host.log"));
    }
    started
        .onExit()
        .thenRun(() ->
            LOG.info("host process {} ended, exit code {}", started.pid(), started.exitValue()));
    return socket;
  }

  private final class Watch implements HostListener {
    private final Path socket;

    Watch(Path socket) {
      this.socket = socket;
    }

    @Override
    public void sandboxExited(String sandboxId, String reason, String consoleTail) {
      listener.sandboxExited(sandboxId, reason, consoleTail);
    }

    @Override
    public void hostLost() {
      if (watch != this) {
        // It went before it had answered hello: that start has failed, and is followed by another.
        return;
      }
      watch = null;
      client = null;
      awaited = Promise.promise();
      listener.hostLost();
      if (!stopping) {
        LOG.warn("the connection to the host process is gone; starting another");
      }
      ended(socket);
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
    Process current = process;
    if (current == null) {
      return starting.<Void>mapEmpty().otherwiseEmpty();
    }
    current.destroy();
    return starting.transform(_ -> vertx.executeBlocking(this::awaitEnd, false));
  }

  private Void awaitEnd() throws InterruptedException {
    Process current = process;
    current.destroy();
    if (!current.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
      current.destroyForcibly();
    }
    return null;
  }
}
