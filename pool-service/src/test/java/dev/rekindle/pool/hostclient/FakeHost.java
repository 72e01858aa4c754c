package dev.rekindle.pool.hostclient;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.HostServer;
import dev.rekindle.snapshotter.host.Sandbox;
import dev.rekindle.snapshotter.host.SandboxFactory;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;

/**
 * A host process whose server is the real one and whose sandboxes have no VM: a command is a
 * process of this machine, {@value #STOP} stops its sandbox.
 */
public final class FakeHost implements SandboxFactory {
  /** An acquire for this tenant makes the file {@code acquiring} in the state and never ends. */
  public static final String NEVER = "never";

  private static final String STOP = "stop-sandbox";

  private FakeHost() {}

  /**
   * @param args {@code --socket PATH}, {@code --reconnect SECONDS} and others, which are ignored
   */
  public static void main(String... args) throws Exception {
    Map<String, String> options = new HashMap<>();
    for (int i = 0; i < args.length; i += 2) {
      options.put(args[i], args[i + 1]);
    }
    try (HostServer server =
        HostServer.start(
            Path.of(options.get("--socket")),
            new FakeHost(),
            Duration.ofSeconds(Long.parseLong(options.get("--reconnect"))))) {
      Runtime.getRuntime().addShutdownHook(new Thread(server::close));
      System.out.println("ready");
      server.awaitAbandoned();
    }
    System.exit(0);
  }

  private static final class Local implements Sandbox {
    private final List<LocalCommand> commands = new ArrayList<>();
    private final CompletableFuture<Exit> exit = new CompletableFuture<>();

    @Override
    public synchronized ExecSession exec(HostRequest.Exec command, ExecObserver observer) {
      if (command.argv().getFirst().equals(STOP)) {
        exit.complete(new Exit("power_off", "reboot: Power down"));
      }
      LocalCommand started = LocalCommand.start(command, observer);
      commands.add(started);
      return started;
    }

    @Override
    public HostReply.Memory memory() {
      return new HostReply.Memory(70, 2, 3 * 4096);
    }

    @Override
    public CompletableFuture<Exit> exited() {
      return exit;
    }

    @Override
    public synchronized void close() {
      commands.forEach(LocalCommand::kill);
    }
  }

  private final Map<String, HostRequest.Pool> pools = new ConcurrentHashMap<>();
  private final Map<String, Integer> parked = new ConcurrentHashMap<>();
  private final Set<String> seen = ConcurrentHashMap.newKeySet();
  private volatile Consumer<HostEvent.StockChanged> stockListener = _ -> {};

  /** One parked is taken where there is one; a pool is full the moment it is wanted, and once. */
  @Override
  public Acquired acquire(HostRequest.Acquire request) {
    seen.add(request.snapshotDir());
    if (request.tenant().equals(NEVER)) {
      neverEnd(Path.of(request.snapshotDir()).getParent().resolveSibling("acquiring"));
    }
    Integer left = parked.computeIfPresent(request.snapshotDir(), (_, n) -> n - 1);
    String served = left != null && left >= 0 ? "parked" : "new";
    return new Acquired(new Local(), served, Map.of("map", 5L));
  }

  private static void neverEnd(Path sign) {
    try {
      Files.createFile(sign);
      new CountDownLatch(1).await();
    } catch (IOException | InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void pool(HostRequest.Pool request) {
    pools.put(request.snapshotDir(), request);
    parked.put(request.snapshotDir(), request.parked());
    stockListener.accept(
        new HostEvent.StockChanged(request.snapshotDir(), request.parked(), request.shells()));
  }

  @Override
  public List<HostReply.PoolLevel> pools() {
    return pools.values().stream()
        .map(p ->
            new HostReply.PoolLevel(
                p.snapshotDir(),
                Math.max(0, parked.get(p.snapshotDir())),
                p.parked(),
                p.shells(),
                p.parked(),
                20_000,
                0,
                null))
        .toList();
  }

  /** Each that was ever asked for, half of it in memory. */
  @Override
  public List<HostReply.SnapshotLevel> snapshots() {
    return seen.stream()
        .map(dir -> new HostReply.SnapshotLevel(dir, 8192, 8192, 4096L, 4096))
        .toList();
  }

  @Override
  public Optional<HostReply.Level> level(String snapshotDir) {
    return pools().stream()
        .filter(level -> level.snapshotDir().equals(snapshotDir))
        .map(level -> new HostReply.Level(level.parked(), level.shells()))
        .findFirst();
  }

  @Override
  public void onStockChange(Consumer<HostEvent.StockChanged> listener) {
    stockListener = listener;
  }

  @Override
  public boolean runsNatively() {
    return true;
  }

  @Override
  public int shells() {
    return 3;
  }

  @Override
  public void close() {}
}
