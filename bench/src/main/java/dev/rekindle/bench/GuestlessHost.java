package dev.rekindle.bench;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.HostServer;
import dev.rekindle.snapshotter.host.Sandbox;
import dev.rekindle.snapshotter.host.SandboxFactory;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * A host process whose sandboxes have no guest and are always parked: what a lease then costs is
 * the service's, the protocol's and the socket's.
 */
public final class GuestlessHost implements SandboxFactory {
  private final Map<String, HostRequest.Pool> pools = new ConcurrentHashMap<>();
  private volatile Consumer<HostEvent.StockChanged> stockListener = _ -> {};

  private GuestlessHost() {}

  /**
   * @param args {@code --socket PATH} and others, which are ignored
   * @throws Exception if the socket cannot be made
   */
  public static void main(String... args) throws Exception {
    Path socket = Path.of(args[List.of(args).indexOf("--socket") + 1]);
    try (HostServer server = HostServer.start(socket, new GuestlessHost())) {
      Runtime.getRuntime().addShutdownHook(new Thread(server::close));
      System.out.println("ready");
      server.awaitAbandoned();
    }
    System.exit(0);
  }

  private record Nothing(CompletableFuture<Exit> exited) implements Sandbox {
    @Override
    public ExecSession exec(HostRequest.Exec command, ExecObserver observer) {
      throw new IllegalStateException("there is no guest to run " + command.argv());
    }

    @Override
    public HostReply.Memory memory() {
      return new HostReply.Memory(0, 0, 0);
    }

    @Override
    public void close() {
      // Nothing is held.
    }
  }

  @Override
  public Acquired acquire(HostRequest.Acquire request) {
    return new Acquired(
        new Nothing(new CompletableFuture<>()), "parked", Map.of("resume", 0L, "identity", 0L));
  }

  @Override
  public void pool(HostRequest.Pool request) {
    pools.put(request.snapshotDir(), request);
    stockListener.accept(
        new HostEvent.StockChanged(request.snapshotDir(), request.parked(), request.shells()));
  }

  @Override
  public List<HostReply.PoolLevel> pools() {
    return pools.values().stream()
        .map(pool ->
            new HostReply.PoolLevel(
                pool.snapshotDir(),
                pool.parked(),
                pool.parked(),
                pool.shells(),
                pool.parked(),
                1,
                0,
                null))
        .toList();
  }

  @Override
  public Optional<HostReply.Level> level(String snapshotDir) {
    return Optional.ofNullable(pools.get(snapshotDir))
        .map(pool -> new HostReply.Level(pool.parked(), pool.shells()));
  }

  @Override
  public void onStockChange(Consumer<HostEvent.StockChanged> listener) {
    stockListener = listener;
  }

  @Override
  public List<HostReply.SnapshotLevel> snapshots() {
    return List.of();
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  @Override
  public int shells() {
    return pools.values().stream().mapToInt(HostRequest.Pool::shells).sum();
  }

  @Override
  public void close() {
    // Nothing is held.
  }
}
