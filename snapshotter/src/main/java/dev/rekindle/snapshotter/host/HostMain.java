package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.ProcessLogging;
import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.vmm.kvm.KvmUnavailableException;
import dev.rekindle.vmm.machine.KvmHost;
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
    try (HostServer server = HostServer.start(options.socket(), factory(options))) {
      Runtime.getRuntime().addShutdownHook(new Thread(server::close, "host-stop"));
      System.out.println("ready");
      server.awaitAbandoned();
      LOG.info("stopping: nobody is connected");
    } catch (IOException e) {
      LOG.error("listening on {}", options.socket(), e);
      System.exit(1);
    }
    System.exit(0);
  }

  private static SandboxFactory factory(HostOptions options) {
    try {
      KvmHost host = KvmHost.open();
      return new MicroVmFactory(
          host,
          vm -> new VsockGuestAgent(vm.vsock(), host.loop()),
          options.shellsPerShape(),
          Duration.ofSeconds(options.agentTimeoutSeconds()));
    } catch (KvmUnavailableException e) {
      LOG.error("no sandboxes here: {}", e.getMessage());
      return new KvmlessFactory(e.getMessage());
    }
  }
}
