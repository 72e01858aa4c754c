package dev.rekindle.snapshotter.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.BareTemplate;
import dev.rekindle.snapshotter.template.TemplateStore;
import dev.rekindle.vmm.machine.KvmHost;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A guest that means harm, and its neighbour in the same process, whose commands are timed before
 * and meanwhile. The times are printed and not judged: where one processor serves both they share
 * it.
 */
@Tag("kvm")
@Timeout(600)
class HostileGuestIT {
  private static final int COMMANDS = 200;

  /** Of a slow machine fewer commands are enough. */
  private static final long ENOUGH_NANOS = 8_000_000_000L;

  private static final int FEWEST = 10;
  private static final List<String> WAYS =
      List.of("spin", "registers", "queues", "notifications", "console", "memory");

  @TempDir static Path state;
  private static Path snapshot;

  @TempDir Path directory;
  private HostServer server;
  private Path socket;

  @BeforeAll
  static void build() throws Exception {
    String id = BareTemplate.build(state, "bare", 16, (_, _, _) -> {}).template().snapshotId();
    snapshot = new TemplateStore(state).snapshotDir(id);
  }

  @BeforeEach
  void serve() throws Exception {
    KvmHost host = KvmHost.open();
    socket = directory.resolve("host.sock");
    server =
        HostServer.start(
            socket,
            new MicroVmFactory(
                host,
                vm -> new VsockGuestAgent(vm.vsock(), host.loop()),
                1,
                Duration.ofSeconds(60),
                null));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void shouldServeTheNeighbourWhileAGuestMeansHarm() throws Exception {
    try (TestClient neighbour = TestClient.greeted(socket);
        TestClient harmful = TestClient.greeted(socket)) {
      acquire(neighbour, "neighbour");
      commands(neighbour);
      System.out.println("neighbour alone: " + commands(neighbour));
      for (String way : WAYS) {
        acquire(harmful, "harmful");
        int id = harmful.send(exec("harmful", "hostile", way));
        awaitStarted(harmful, id);

        System.out.println("neighbour beside " + way + ": " + commands(neighbour));

        // What it did to its own VM is nothing to the next one, in the same VM or another.
        harmful.call(new HostRequest.Release("harmful"), HostReply.Release.class);
        assertThat(harmful.errorOf(id)).isEqualTo("sandbox.released");
        acquire(harmful, "harmful");
        assertThat(code(harmful, harmful.send(exec("harmful", "true")))).isZero();
        harmful.call(new HostRequest.Release("harmful"), HostReply.Release.class);
      }
    }
  }

  private static void awaitStarted(TestClient client, int id) throws Exception {
    while (true) {
      switch (client.receive()) {
        case Frame.Event(int of, byte[] json) when of == id -> {
          assertThat(HostJson.readEvent(json)).isInstanceOf(HostEvent.Started.class);
          return;
        }
        case Frame.Reply(int of, byte[] json) when of == id ->
            throw new AssertionError("it ended: " + new String(json));
        default -> {
          // Of an earlier one.
        }
      }
    }
  }

  private static String commands(TestClient client) throws Exception {
    long[] micros = new long[COMMANDS];
    int count = 0;
    long start = System.nanoTime();
    while (count < COMMANDS && (count < FEWEST || System.nanoTime() - start < ENOUGH_NANOS)) {
      long begin = System.nanoTime();
      assertThat(code(client, client.send(exec("neighbour", "true")))).isZero();
      micros[count++] = (System.nanoTime() - begin) / 1000;
    }
    Arrays.sort(micros, 0, count);
    return "%d commands, p50 %d us, p99 %d us"
        .formatted(count, micros[count / 2], micros[count * 99 / 100]);
  }

  private static int code(TestClient client, int id) throws Exception {
    return client.reply(id, HostReply.Exec.class).exitCode();
  }

  private static void acquire(TestClient client, String id) throws Exception {
    client.call(
        new HostRequest.Acquire(
            id,
            snapshot.toString(),
            state.resolve("images").toString(),
            "acme",
            HostRequest.Recycle.TENANT,
            new HostRequest.Identity("host-" + id, "0123456789abcdef".repeat(2), "lease-" + id)),
        HostReply.Acquire.class);
  }

  private static HostRequest.Exec exec(String id, String... argv) {
    return new HostRequest.Exec(id, List.of(argv), Map.of(), "/", 0, 0, 0);
  }
}
