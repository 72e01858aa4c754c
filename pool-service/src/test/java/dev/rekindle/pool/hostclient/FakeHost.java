package dev.rekindle.pool.hostclient;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.HostServer;
import dev.rekindle.snapshotter.host.Sandbox;
import dev.rekindle.snapshotter.host.SandboxFactory;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

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

  @Override
  public Acquired acquire(HostRequest.Acquire request) {
    return new Acquired(new Local(), "new", Map.of("map", 5L));
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
