package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.ProcessLogging;
import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.index.IndexFollower;
import dev.rekindle.vmm.kvm.KvmUnavailableException;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.seccomp.SeccompUnavailableException;
import dev.rekindle.vmm.seccomp.ThreadFilters;
import java.io.IOException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The host process: {@code docs/host-protocol.md}, "Life of the host process". Needs {@code
 * --enable-native-access=ALL-UNNAMED}.
 */
public final class HostMain {
  static {
    ProcessLogging.configure();
  }

  private static final Logger LOG = LoggerFactory.getLogger(HostMain.class);

  private HostMain() {}

  /**
   * @param args see {@link HostOptions#USAGE}
   * @throws InterruptedException never
   */
  public static void main(String... args) throws InterruptedException {
    HostOptions options;
    try {
      options = HostOptions.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.err.println(HostOptions.USAGE);
      System.exit(2);
      return;
    }
    ThreadFilters filters = ThreadFilters.load(options.seccomp());
    try {
      filters.confineProcess();
    } catch (SeccompUnavailableException e) {
      LOG.error("{}; --seccomp off does without", e.getMessage());
      System.exit(3);
    }
    try (SealedSnapshots index = index(options);
        HostServer server =
            HostServer.start(
                options.socket(),
                factory(options, index, filters),
                Duration.ofSeconds(options.reconnectSeconds()))) {
      Runtime.getRuntime().addShutdownHook(new Thread(server::close, "host-stop"));
      System.out.println("ready");
      if (index != null) {
        index.warmUp();
      }
      server.awaitAbandoned();
      LOG.info("stopping: nobody is connected");
    } catch (IOException e) {
      LOG.error("listening on {}", options.socket(), e);
      System.exit(1);
    }
    System.exit(0);
  }

  /** Null without a key. */
  private static SealedSnapshots index(HostOptions options) {
    return options.indexKey() == null
        ? null
        : new SealedSnapshots(new IndexFollower(options.stateDir(), options.indexKey()));
  }

  private static SandboxFactory factory(
      HostOptions options, SealedSnapshots index, ThreadFilters filters) {
    try {
      KvmHost host = KvmHost.open(filters);
      return new MicroVmFactory(
          host,
          vm -> new VsockGuestAgent(vm.vsock(), host.loop()),
          options.shellsPerShape(),
          Duration.ofSeconds(options.agentTimeoutSeconds()),
          index);
    } catch (KvmUnavailableException e) {
      LOG.error("no sandboxes here: {}", e.getMessage());
      return new KvmlessFactory(e.getMessage());
    }
  }
}
