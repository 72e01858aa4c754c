package dev.rekindle.snapshotter.host;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.agent.VsockGuestAgent;
import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostProtocol;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import dev.rekindle.snapshotter.template.BareTemplate;
import dev.rekindle.snapshotter.template.TemplateStore;
import dev.rekindle.vmm.machine.KvmHost;
import java.io.ByteArrayOutputStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Sandboxes from acquire to release, with a guest that runs on every /dev/kvm. */
@Tag("kvm")
@Timeout(900)
class BareSandboxIT {
  private static final int WINDOW = 1 << 18;

  @TempDir static Path state;
  private static Path snapshot;

  @TempDir Path directory;
  private HostServer server;
  private TestClient client;

  @BeforeAll
  static void build() throws Exception {
    String id = BareTemplate.build(state, "bare", 16, (_, _, _) -> {}).template().snapshotId();
    snapshot = new TemplateStore(state).snapshotDir(id);
  }

  @BeforeEach
  void serve() throws Exception {
    KvmHost host = KvmHost.open();
    Path socket = directory.resolve("host.sock");
    server =
        HostServer.start(
            socket,
            new MicroVmFactory(
                host,
                vm -> new VsockGuestAgent(vm.vsock(), host.loop()),
                1,
                Duration.ofSeconds(20)));
    client = TestClient.greeted(socket);
  }

  @AfterEach
  void stop() throws Exception {
    client.close();
    server.close();
  }

  @Test
  void shouldGiveEachSandboxItsOwnIdentity() throws Exception {
    acquire("a");
    acquire("b");

    assertThat(output("a", "id")).isEqualTo("host-a\n" + "a".repeat(32) + "\nlease-a\n");
    assertThat(output("b", "id")).isEqualTo("host-b\n" + "b".repeat(32) + "\nlease-b\n");
  }

  @Test
  void shouldRunCommandsAndSayHowTheyEnded() throws Exception {
    acquire("a");

    assertThat(output("a", "/bin/echo", "hello", "", "world")).isEqualTo("hello  world\n");
    assertThat(output("a", "echo", "x".repeat(40_000))).isEqualTo("x".repeat(40_000) + "\n");
    assertThat(ended(client.send(exec("a", 0, "true"))).exitCode()).isZero();
    assertThat(ended(client.send(exec("a", 0, "false"))).exitCode()).isEqualTo(1);
    assertThat(client.errorOf(exec("a", 0, "sh", "-c", "true"))).isEqualTo("exec.not_found");
  }

  @Test
  void shouldCopyAMebibyteWithinTheWindowsOfBothDirections() throws Exception {
    acquire("a");
    byte[] input = new byte[1 << 20];
    new Random(7).nextBytes(input);

    assertThat(copied("a", input)).isEqualTo(input);
  }

  @Test
  void shouldHoldTheGuestBackWhileNobodyReads() throws Exception {
    acquire("a");
    int id = client.send(exec("a", 0, "cat"));
    byte[] piece = new byte[HostProtocol.MAX_DATA_BYTES];
    int window = WINDOW;
    for (; window >= piece.length; window -= piece.length) {
      client.send(new Frame.Data(id, StreamKind.STDIN, piece));
    }

    // Of this connection's own commands only the one whose output nobody takes stands still.
    assertThat(output("a", "echo", "alive")).isEqualTo("alive\n");
    assertThat(client.call(new HostRequest.Cancel(id), HostReply.Cancel.class).canceled()).isTrue();
    assertThat(client.errorOf(id)).isEqualTo("exec.canceled");
  }

  @Test
  void shouldEndWhatNeverEndsByCancelAndByTimeLimit() throws Exception {
    acquire("a");
    for (String command : List.of("spin", "sleep", "cat")) {
      int id = client.send(exec("a", 0, command));
      assertThat(client.event()).isInstanceOf(HostEvent.Started.class);
      assertThat(output("a", "echo", command)).isEqualTo(command + "\n");

      assertThat(client.call(new HostRequest.Cancel(id), HostReply.Cancel.class).canceled())
          .isTrue();
      assertThat(client.errorOf(id)).isEqualTo("exec.canceled");

      HostReply.Exec limited = ended(client.send(exec("a", 30, command)));
      assertThat(limited.timedOut()).isTrue();
      assertThat(limited.signal()).isEqualTo(9);
      assertThat(limited.wallMicros()).isGreaterThanOrEqualTo(30_000);
    }
  }

  @Test
  void shouldTellOfASandboxThatStoppedByItself() throws Exception {
    for (Map.Entry<String, String> way :
        Map.of("now", "reboot", "triple-fault", "triple_fault").entrySet()) {
      acquire("a");
      acquire("b");
      int id = client.send(exec("a", 0, "panic", way.getKey()));

      HostEvent.SandboxExited event = null;
      while (event == null) {
        if (client.receive() instanceof Frame.Event(int _, byte[] json)
            && HostJson.readEvent(json) instanceof HostEvent.SandboxExited exited) {
          event = exited;
        }
      }

      assertThat(event.sandboxId()).isEqualTo("a");
      assertThat(event.reason()).isEqualTo(way.getValue());
      assertThat(event.consoleTail()).contains("Kernel panic");
      assertThat(client.errorOf(new HostRequest.Release("a"))).isEqualTo("sandbox.unknown");
      assertThat(output("b", "echo", "alive")).isEqualTo("alive\n");
      assertThat(id).isPositive();
      client.call(new HostRequest.Release("b"), HostReply.Release.class);
    }
  }

  @Test
  void shouldHandOutAParkedSandboxUnderItsNewName() throws Exception {
    client.call(
        new HostRequest.Pool(snapshot.toString(), images(), 1, 1, List.of("echo", "warm")),
        HostReply.Pool.class);
    while (stats().parked() == 0) {
      assertThat(stats().pools().getFirst().lastError()).isNull();
      Thread.sleep(10);
    }

    HostReply.Acquire acquired = acquire("c");

    assertThat(acquired.served()).isEqualTo("parked");
    assertThat(output("c", "id")).startsWith("host-c\n");
    System.out.println("bare guest, parked: " + acquired.stagesMicros());
  }

  @Test
  void shouldLeakNothingInAHundredCyclesOfRecycledVms() throws Exception {
    List<Map<String, Long>> stages = leakless(HostRequest.Recycle.TENANT, 100);

    System.out.println("bare guest, 100 cycles, p50 of each stage in us: " + medians(stages));
  }

  @Test
  void shouldLeakNothingWhenEveryVmIsFreed() throws Exception {
    leakless(HostRequest.Recycle.NEVER, 30);
  }

  private List<Map<String, Long>> leakless(HostRequest.Recycle recycle, int cycles)
      throws Exception {
    for (int i = 0; i < 5; i++) {
      cycle("warm" + i, recycle);
    }
    HostReply.Stats before = stats();
    List<Map<String, Long>> stages = new ArrayList<>();

    for (int i = 0; i < cycles; i++) {
      stages.add(cycle("s" + i, recycle).stagesMicros());
    }

    // A VM more or less may be in stock or on its way there; each cycle's own would be dozens.
    HostReply.Stats after = stats();
    assertThat(after.sandboxes()).isZero();
    assertThat(after.fds()).isLessThanOrEqualTo(before.fds() + 25);
    assertThat(after.threads()).isLessThanOrEqualTo(before.threads() + 6);
    assertThat(after.mappings()).isLessThanOrEqualTo(before.mappings() + 25);
    return stages;
  }

  private HostReply.Acquire cycle(String id, HostRequest.Recycle recycle) throws Exception {
    HostReply.Acquire acquired = acquire(id, recycle);
    assertThat(output(id, "echo", id)).isEqualTo(id + "\n");
    client.call(new HostRequest.Release(id), HostReply.Release.class);
    return acquired;
  }

  private static Map<String, Long> medians(List<Map<String, Long>> all) {
    Map<String, Long> medians = new LinkedHashMap<>();
    for (String stage : all.getLast().keySet()) {
      long[] sorted = all.stream().mapToLong(m -> m.getOrDefault(stage, 0L)).sorted().toArray();
      medians.put(stage, sorted[sorted.length / 2]);
    }
    return medians;
  }

  private HostReply.Stats stats() throws Exception {
    return client.call(new HostRequest.Stats(), HostReply.Stats.class);
  }

  private static String images() {
    return state.resolve("images").toString();
  }

  private HostReply.Acquire acquire(String id) throws Exception {
    return acquire(id, HostRequest.Recycle.TENANT);
  }

  private HostReply.Acquire acquire(String id, HostRequest.Recycle recycle) throws Exception {
    return client.call(
        new HostRequest.Acquire(
            id,
            snapshot.toString(),
            images(),
            "acme",
            recycle,
            new HostRequest.Identity(
                "host-" + id,
                id.substring(0, 1).replaceAll("[^a-f]", "0").repeat(32),
                "lease-" + id)),
        HostReply.Acquire.class);
  }

  private static HostRequest.Exec exec(String id, long timeoutMillis, String... argv) {
    return new HostRequest.Exec(id, List.of(argv), Map.of(), "/", timeoutMillis, 0, 0);
  }

  private HostReply.Exec ended(int id) throws Exception {
    return client.reply(id, HostReply.Exec.class);
  }

  private String output(String id, String... argv) throws Exception {
    int request = client.send(exec(id, 0, argv));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    while (true) {
      switch (client.receive()) {
        case Frame.Data data when data.requestId() == request -> out.writeBytes(data.bytes());
        case Frame.Reply(int replied, byte[] json) when replied == request -> {
          assertThat(HostJson.readReply(json, HostReply.Exec.class).exitCode()).isZero();
          return out.toString(UTF_8);
        }
        default -> {
          // Of another command.
        }
      }
    }
  }

  /** Through {@code cat}: writes within its window, takes what comes and grants as much again. */
  private byte[] copied(String id, byte[] input) throws Exception {
    int request = client.send(exec(id, 0, "cat"));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    int sent = 0;
    int window = WINDOW;
    while (true) {
      while (sent < input.length && window > 0) {
        int n = Math.min(Math.min(window, input.length - sent), HostProtocol.MAX_DATA_BYTES);
        client.send(
            new Frame.Data(request, StreamKind.STDIN, Arrays.copyOfRange(input, sent, sent + n)));
        sent += n;
        window -= n;
        if (sent == input.length) {
          client.send(new Frame.Data(request, StreamKind.STDIN_EOF, new byte[0]));
        }
      }
      switch (client.receive()) {
        case Frame.Data data -> {
          out.writeBytes(data.bytes());
          client.send(
              new Frame.Event(request, HostJson.event(new HostEvent.Window(data.bytes().length))));
        }
        case Frame.Event(int _, byte[] json) -> {
          if (HostJson.readEvent(json) instanceof HostEvent.Window(int bytes)) {
            window += bytes;
          }
        }
        case Frame.Reply(int _, byte[] json) -> {
          assertThat(HostJson.readReply(json, HostReply.Exec.class).exitCode()).isZero();
          return out.toByteArray();
        }
        default -> throw new AssertionError("unexpected frame");
      }
    }
  }
}
