package dev.rekindle.pool.fleet;

import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A host process with its books, and what it was told to keep. Thread: one event loop. */
final class HostSeat {
  private static final Logger LOG = LoggerFactory.getLogger(HostSeat.class);

  private final HostProcess process;
  private final HostLoad load;

  /** By snapshot folder, what it was told last. */
  private final Map<String, HostRequest.Pool> sent = new HashMap<>();

  private boolean telling;
  private boolean leaving;
  private long idleSinceNanos = System.nanoTime();

  HostSeat(HostProcess process, HostLoad load) {
    this.process = process;
    this.load = load;
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

  private String name() {
    return process.spec().name();
  }

  /** Asks for its counts and enters what it keeps. */
  Future<HostReply.Stats> learn() {
    return process
        .ask()
        .onSuccess(stats -> {
          for (HostReply.PoolLevel level : stats.pools()) {
            load.set(level.snapshotDir(), new HostLoad.Level(level.parked(), level.shells()));
          }
        });
  }
}
