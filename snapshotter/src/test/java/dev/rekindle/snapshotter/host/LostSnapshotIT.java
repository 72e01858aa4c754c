package dev.rekindle.snapshotter.host;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.BareTemplate;
import dev.rekindle.snapshotter.template.TemplateStore;
import java.io.BufferedReader;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A snapshot's memory becomes shorter while sandboxes run on it: they are lost, each with its
 * reason, and the process that holds others lives. A process of its own, with the compiler that a
 * host process has.
 */
@Tag("kvm")
@Timeout(300)
class LostSnapshotIT {
  @TempDir Path state;
  private TemplateStore store;

  @Test
  void shouldLoseTheSandboxesOfASnapshotThatIsTruncatedAndNoOthers() throws Exception {
    store = new TemplateStore(state);
    Path kept = build("kept");
    Path lost = build("lost");
    Path socket = state.resolve("host.sock");
    Process process = start(socket);
    try (TestClient client = TestClient.greeted(socket)) {
      acquire(client, "neighbour", kept);
      acquire(client, "waiting", lost);
      acquire(client, "computing", lost);
      client.send(exec("computing", "spin"));
      assertThat(run(client, "waiting")).isZero();

      try (RandomAccessFile memory =
          new RandomAccessFile(lost.resolve("memory.bin").toFile(), "rw")) {
        memory.setLength(0);
      }

      // One meets it in the guest, the other where the host writes into its memory.
      client.send(exec("waiting", "true"));
      assertThat(exits(client, 2)).containsExactly("computing memory_lost", "waiting memory_lost");
      assertThat(run(client, "neighbour")).isZero();
      assertThat(errorOfAcquire(client, "next", lost)).isEqualTo("snapshot.truncated");
      acquire(client, "another", kept);
      assertThat(run(client, "another")).isZero();
      assertThat(process.isAlive()).isTrue();
    } finally {
      process.destroyForcibly().waitFor();
    }
  }

  private Path build(String name) throws Exception {
    String id = BareTemplate.build(state, name, 16, (_, _, _) -> {}).template().snapshotId();
    return store.snapshotDir(id);
  }

  private Process start(Path socket) throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-XX:-CreateCoredumpOnCrash",
                "-cp",
                System.getProperty("java.class.path"),
                HostMain.class.getName(),
                "--socket",
                socket.toString(),
                "--state",
                state.toString(),
                "--shells",
                "1",
                "--agent-timeout",
                "60")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    BufferedReader output = process.inputReader();
    String line = output.readLine();
    while (line != null && !line.equals("ready")) {
      line = output.readLine();
    }
    assertThat(line).isEqualTo("ready");
    return process;
  }

  private static Set<String> exits(TestClient client, int count) throws Exception {
    Set<String> exits = new TreeSet<>();
    while (exits.size() < count) {
      if (client.receive() instanceof Frame.Event(int _, byte[] json)
          && HostJson.readEvent(json) instanceof HostEvent.SandboxExited exited) {
        exits.add(exited.sandboxId() + " " + exited.reason());
      }
    }
    return exits;
  }

  private static int run(TestClient client, String id) throws Exception {
    return client.reply(client.send(exec(id, "true")), HostReply.Exec.class).exitCode();
  }

  private static HostRequest.Exec exec(String id, String command) {
    return new HostRequest.Exec(id, List.of(command), Map.of(), "/", 0, 0, 0);
  }

  private void acquire(TestClient client, String id, Path snapshot) throws Exception {
    client.call(request(id, snapshot), HostReply.Acquire.class);
  }

  private String errorOfAcquire(TestClient client, String id, Path snapshot) throws Exception {
    return client.errorOf(request(id, snapshot));
  }

  private HostRequest request(String id, Path snapshot) {
    return new HostRequest.Acquire(
        id,
        snapshot.toString(),
        state.resolve("images").toString(),
        "",
        HostRequest.Recycle.NEVER,
        new HostRequest.Identity(id, "0123456789abcdef".repeat(2), "lease"));
  }
}
