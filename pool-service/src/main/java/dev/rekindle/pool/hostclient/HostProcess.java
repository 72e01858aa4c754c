package dev.rekindle.pool.hostclient;

import dev.rekindle.pool.process.ProcessRecord;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One life of a host process: started or taken over, connected to, watched, ended. Thread: the
 * event loop it was made on.
 */
public final class HostProcess {
  private static final Logger LOG = LoggerFactory.getLogger(HostProcess.class);
  private static final int START_SECONDS = 300;
  private static final int STOP_SECONDS = 10;

  private final Vertx vertx;
  private final NetClient net;
  private final HostSpec spec;
  private final HostWatcher watcher;
  private final Context context;
  private final long sinceNanos = System.nanoTime();
  private final Promise<HostClient> connected = Promise.promise();
  private final Promise<Void> ended = Promise.promise();

  /** Written by the thread that starts it. */
  private volatile ProcessHandle handle;

  private volatile boolean stopping;
  private HostClient client;
  private boolean lost;
  private HostReply.Stats stats;
  private long askedNanos;
  private boolean asked;

  /**
   * @param vertx on one of whose event loops this is called
   * @param net makes the connection; must stay reachable, since Vert.x closes a client and its
   *     connections when it is collected as garbage
   * @param spec which
   * @param watcher told of its life
   */
  public HostProcess(Vertx vertx, NetClient net, HostSpec spec, HostWatcher watcher) {
    this.vertx = vertx;
    this.net = net;
    this.spec = spec;
    this.watcher = watcher;
    this.context = vertx.getOrCreateContext();
  }

  /**
   * Starts the process and connects.
   *
   * @param launcher starts it
   */
  public void start(HostLauncher launcher) {
    long timer = vertx.setTimer(TimeUnit.SECONDS.toMillis(START_SECONDS), _ -> kill());
    Thread.ofVirtual()
        .name("start-" + spec.name())
        .start(() -> {
          try {
            spawn(launcher);
            context.runOnContext(_ -> connect(timer));
          } catch (IOException | RuntimeException e) {
            context.runOnContext(_ -> failed(timer, e));
          }
        });
  }

  /**
   * Connects to a process that is there already.
   *
   * @param process it
   */
  public void adopt(ProcessHandle process) {
    handle = process;
    connect(vertx.setTimer(TimeUnit.SECONDS.toMillis(START_SECONDS), _ -> kill()));
  }

  private void spawn(HostLauncher launcher) throws IOException {
    Files.createDirectories(
        spec.socket().getParent(),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Files.deleteIfExists(spec.socket());
    Files.createDirectories(spec.log().getParent());
    Process started = launcher.launch(spec);
    handle = started.toHandle();
    try {
      ProcessRecord.write(spec.runFolder(), spec.instance(), started.pid());
    } catch (IOException e) {
      started.destroyForcibly();
      throw e;
    }
    if (stopping) {
      started.destroy();
    }
    started.getOutputStream().close();
    String line = started.inputReader().readLine();
    if (!"ready".equals(line)) {
      started.destroyForcibly();
      throw new IOException("it said '" + line + "' instead of ready; see " + spec.log());
    }
  }

  private void connect(long timer) {
    HostClient.connect(net, spec.socket(), new Line())
        .onSuccess(answered -> {
          vertx.cancelTimer(timer);
          if (!lost) {
            client = answered;
            connected.complete(answered);
            watcher.ready(this);
          }
        })
        .onFailure(e -> failed(timer, e));
  }

  private void failed(long timer, Throwable e) {
    vertx.cancelTimer(timer);
    lost(e.getMessage());
  }

  private void lost(String why) {
    if (lost) {
      return;
    }
    lost = true;
    client = null;
    connected.tryFail(why);
    watcher.lost(this, why);
    ProcessHandle process = handle;
    if (process == null) {
      clean();
      return;
    }
    if (!stopping) {
      process.destroyForcibly();
    }
    Future.fromCompletionStage(process.onExit(), context).onComplete(_ -> clean());
  }

  /** One that was killed has not removed its socket; whatever else it made goes with it. */
  private void clean() {
    Path folder = spec.socket().getParent();
    vertx
        .executeBlocking(
            () -> {
              delete(folder);
              ProcessRecord.delete(spec.runFolder(), spec.instance());
              return true;
            },
            false)
        .onFailure(e -> LOG.warn("{} stays behind: {}", folder, e.toString()))
        .onComplete(_ -> {
          ended.tryComplete();
          watcher.ended(this);
        });
  }

  private static void delete(Path folder) throws IOException {
    if (Files.exists(folder)) {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
      }
    }
  }

  private final class Line implements HostListener {
    @Override
    public void sandboxExited(String sandboxId, String reason, String consoleTail) {
      watcher.sandboxExited(HostProcess.this, sandboxId, reason, consoleTail);
    }

    @Override
    public void stockChanged(String snapshotDir, int parked, int shells) {
      watcher.stockChanged(HostProcess.this, snapshotDir, parked, shells);
    }

    @Override
    public void hostLost() {
      lost("its connection is gone");
    }
  }

  /**
   * @return which
   */
  public HostSpec spec() {
    return spec;
  }

  /**
   * @return the connection, while there is one that has answered hello
   */
  public Optional<HostClient> client() {
    return Optional.ofNullable(client);
  }

  /**
   * @return the connection, once it has answered hello; fails if it never does
   */
  public Future<HostClient> connected() {
    return connected.future();
  }

  /**
   * @return as this machine's kernel numbers it, which may be another than the process itself sees;
   *     0 before it is started
   */
  public long pid() {
    ProcessHandle process = handle;
    return process == null ? 0 : process.pid();
  }

  /**
   * @return how long ago it was started or taken over
   */
  public long ageNanos() {
    return System.nanoTime() - sinceNanos;
  }

  /**
   * Asks for its counts, unless it owes an answer.
   *
   * @return as they are now, or the last known
   */
  public Future<HostReply.Stats> ask() {
    if (client == null || asked) {
      return stats == null
          ? Future.failedFuture(spec.name() + " does not answer")
          : Future.succeededFuture(stats);
    }
    asked = true;
    askedNanos = System.nanoTime();
    return client
        .request(new HostRequest.Stats(), HostReply.Stats.class)
        .onComplete(_ -> asked = false)
        .onSuccess(now -> stats = now);
  }

  /**
   * @return the counts it told last
   */
  public Optional<HostReply.Stats> stats() {
    return Optional.ofNullable(stats);
  }

  /**
   * @return for how long it owes an answer; 0 if it owes none
   */
  public long silentNanos() {
    return asked ? System.nanoTime() - askedNanos : 0;
  }

  /**
   * Lets go of it: it runs on, with all it holds, for a service that connects in its time.
   *
   * @return done when the connection is closed
   */
  public Future<Void> leave() {
    lost = true;
    HostClient current = client;
    client = null;
    return current == null ? Future.succeededFuture() : current.close();
  }

  /** Ends it at once, with all it holds. */
  public void kill() {
    ProcessHandle process = handle;
    if (process != null) {
      process.destroyForcibly();
    }
  }

  /**
   * Ends it in order, by force after 10 s.
   *
   * @return done when nothing of it is left
   */
  public Future<Void> stop() {
    if (!stopping) {
      stopping = true;
      ProcessHandle process = handle;
      if (process != null) {
        process.destroy();
      }
      long timer = vertx.setTimer(TimeUnit.SECONDS.toMillis(STOP_SECONDS), _ -> kill());
      ended.future().onComplete(_ -> vertx.cancelTimer(timer));
    }
    return ended.future();
  }
}
