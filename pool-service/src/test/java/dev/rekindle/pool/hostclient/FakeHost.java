package dev.rekindle.pool.hostclient;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.HostServer;
import dev.rekindle.snapshotter.host.Sandbox;
import dev.rekindle.snapshotter.host.SandboxFactory;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A host process whose server is the real one and whose sandboxes have no VM: a command is a
 * process of this machine, {@value #STOP} stops its sandbox.
 */
public final class FakeHost implements SandboxFactory {
  private static final String STOP = "stop-sandbox";

  private FakeHost() {}

  /**
   * @param args {@code --socket PATH} and others, which are ignored
   */
  public static void main(String... args) throws Exception {
    try (HostServer server = HostServer.start(Path.of(args[1]), new FakeHost())) {
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

  /** One parked is taken where there is one; a pool is full the moment it is wanted, and once. */
  @Override
  public Acquired acquire(HostRequest.Acquire request) {
    Integer left = parked.computeIfPresent(request.snapshotDir(), (_, n) -> n - 1);
    String served = left != null && left >= 0 ? "parked" : "new";
    return new Acquired(new Local(), served, Map.of("map", 5L));
  }

  @Override
  public void pool(HostRequest.Pool request) {
    pools.put(request.snapshotDir(), request);
    parked.put(request.snapshotDir(), request.parked());
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
