package dev.rekindle.pool.fleet;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A host process with its books, and what it was told to keep. Thread: one event loop. */
public final class HostSeat {
  private static final Logger LOG = LoggerFactory.getLogger(HostSeat.class);

  private final HostProcess process;
  private final HostLoad load;

  /** By snapshot folder, what it was told last. */
  private final Map<String, HostRequest.Pool> sent = new HashMap<>();

  /** Sandboxes being made, and who waits for each. */
  private final Map<HostRequest.Acquire, Promise<HostReply.Acquire>> making = new HashMap<>();

  private boolean telling;
  private boolean leaving;
  private long idleSinceNanos = System.nanoTime();

  HostSeat(HostProcess process, HostLoad load) {
    this.process = process;
    this.load = load;
  }

  String name() {
    return process.spec().name();
  }

  HostProcess process() {
    return process;
  }

  HostLoad load() {
    return load;
  }

  boolean isReady() {
    return process.client().isPresent();
  }

  /** Whether it was told to end. */
  boolean isLeaving() {
    return leaving;
  }

  void leave() {
    leaving = true;
    load.open(false);
  }

  void busy() {
    idleSinceNanos = System.nanoTime();
  }

  /** For how long it has held nothing; 0 while it does. */
  long idleNanos() {
    return load.held() > 0 ? 0 : System.nanoTime() - idleSinceNanos;
  }

  /** Tells what has changed of what it is to keep, then asks for its counts. */
  void tell(Map<PoolWant, HostLoad.Level> wanted) {
    load.assign(wanted);
    HostClient client = process.client().orElse(null);
    if (client == null || telling) {
      return;
    }
    Map<String, HostRequest.Pool> requests = new HashMap<>();
    wanted.forEach((pool, level) ->
        requests.put(
            pool.snapshotDir(),
            new HostRequest.Pool(
                pool.snapshotDir(),
                pool.imagesDir(),
                level.parked(),
                level.shells(),
                pool.warmUp())));
    // What is no longer wanted, or was replaced by a template's next generation.
    sent.forEach((dir, old) ->
        requests.putIfAbsent(dir, new HostRequest.Pool(dir, old.imagesDir(), 0, 0, old.warmUp())));
    requests.values().removeIf(request -> request.equals(sent.get(request.snapshotDir())));
    telling = true;
    Future<?> all = Future.succeededFuture();
    for (HostRequest.Pool request : requests.values()) {
      all = all.eventually(() -> send(client, request));
    }
    all.eventually(this::learn).onComplete(_ -> telling = false);
  }

  private Future<?> send(HostClient client, HostRequest.Pool request) {
    boolean nothing = request.parked() == 0 && request.shells() == 0;
    return client
        .request(request, HostReply.Pool.class)
        .onSuccess(_ -> {
          if (nothing) {
            sent.remove(request.snapshotDir());
            load.set(request.snapshotDir(), HostLoad.Level.NONE);
          } else {
            sent.put(request.snapshotDir(), request);
          }
        })
        .onFailure(e -> {
          LOG.warn("{}: pool of {}: {}", name(), request.snapshotDir(), e.getMessage());
          sent.remove(request.snapshotDir());
        });
  }

  /**
   * Has a sandbox made that was placed here.
   *
   * @param request which
   * @return the reply; {@code host.unavailable} if the process is gone or does not answer
   */
  public Future<HostReply.Acquire> make(HostRequest.Acquire request) {
    HostClient client = process.client().orElse(null);
    if (client == null) {
      return Future.failedFuture(silent());
    }
    Promise<HostReply.Acquire> promise = Promise.promise();
    making.put(request, promise);
    client
        .request(request, HostReply.Acquire.class)
        .onComplete(result -> {
          making.remove(request);
          if (result.failed()) {
            promise.tryFail(result.cause());
            return;
          }
          HostReply.Acquire reply = result.result();
          if (reply.level() != null) {
            stockIs(request.snapshotDir(), reply.level().parked(), reply.level().shells());
          }
          if (!promise.tryComplete(reply)) {
            // Nobody waits for it any more.
            client.request(new HostRequest.Release(request.sandboxId()), HostReply.Release.class);
          }
        });
    return promise.future();
  }

  private ServiceException silent() {
    return new ServiceException(ErrorCode.HOST_UNAVAILABLE, name() + " does not answer; try again");
  }

  /** Lets nobody wait for what is being made in a process that does not answer. */
  void giveUpMaking() {
    List.copyOf(making.values()).forEach(promise -> promise.tryFail(silent()));
  }

  /** The process says what it has; what it was asked for meanwhile it has not counted yet. */
  void stockIs(String snapshotDir, int parked, int shells) {
    int asked = 0;
    for (HostRequest.Acquire request : making.keySet()) {
      asked += request.snapshotDir().equals(snapshotDir) ? 1 : 0;
    }
    load.set(snapshotDir, new HostLoad.Level(Math.max(0, parked - asked), shells));
  }

  /** Asks for its counts and enters what it keeps. */
  Future<HostReply.Stats> learn() {
    return process
        .ask()
        .onSuccess(stats -> {
          for (HostReply.PoolLevel level : stats.pools()) {
            stockIs(level.snapshotDir(), level.parked(), level.shells());
          }
        });
  }
}
