package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A service that is killed or hands over, and the one that follows it. */
@Timeout(180)
class SuccessorTest {
  private static final int CLIENTS = 4;
  private static final int TTL_SECONDS = 600;

  @TempDir private Path state;
  private Process process;
  private RawHttp http;

  /** What a client was told. */
  private record Held(String key, String id, String token) {}

  @BeforeEach
  void start() throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                SuccessorMain.class.getName(),
                state.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    String line = process.inputReader().readLine();
    // The log goes to the same stream.
    while (!line.matches("\\d+")) {
      line = process.inputReader().readLine();
    }
    http = new RawHttp(Integer.parseInt(line));
  }

  @AfterEach
  void stop() throws Exception {
    process.destroyForcibly().waitFor(30, TimeUnit.SECONDS);
    processes().forEach(ProcessHandle::destroyForcibly);
  }

  /** Processes that were started for this test's state directory. */
  private List<ProcessHandle> processes() {
    return ProcessHandle.allProcesses().filter(this::isOurs).toList();
  }

  private boolean isOurs(ProcessHandle handle) {
    try {
      return Files.readString(Path.of("/proc/" + handle.pid() + "/cmdline"))
          .contains(state.toString());
    } catch (IOException gone) {
      return false;
    }
  }

  private void kill() throws Exception {
    process.destroyForcibly();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
  }

  private void assertNothingIsLeftAfterAnOrderlyStop() throws Exception {
    process.getOutputStream().close();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(processes()).isEmpty();
    assertThat(state.resolve("run")).isEmptyDirectory();
  }

  private RawHttp.Reply acquire(String key, int ttlSeconds) throws IOException {
    String body = "{\"template\":\"base\",\"ttlSeconds\":" + ttlSeconds + "}";
    String head =
        "POST /v1/leases HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nIdempotency-Key: "
            + key
            + "\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n";
    try (Socket socket = new Socket("127.0.0.1", http.port())) {
      socket.setSoTimeout(60_000);
      socket.getOutputStream().write((head + body).getBytes(StandardCharsets.UTF_8));
      return RawHttp.reply(socket);
    }
  }

  private Held hold(String key, int ttlSeconds) throws IOException {
    RawHttp.Reply reply = acquire(key, ttlSeconds);
    assertThat(reply.status()).as(reply.body()).isEqualTo(201);
    return new Held(key, reply.json().get("id").asText(), reply.json().get("token").asText());
  }

  private String run(Held held) throws IOException {
    RawHttp.Reply reply =
        http.send(
            "POST",
            "/v1/leases/" + held.id + "/exec",
            held.token,
            "{\"argv\":[\"echo\",\"hello\"]}");
    return reply.status() == 200 ? reply.json().get("stdout").asText() : reply.problem();
  }

  private RawHttp.Reply release(Held held) throws IOException {
    return http.send("DELETE", "/v1/leases/" + held.id, held.token, "");
  }

  private Set<String> leases() throws IOException {
    Set<String> ids = new HashSet<>();
    for (JsonNode lease : http.send("GET", "/v1/leases", "-", "").json().get("leases")) {
      assertThat(ids.add(lease.get("id").asText())).isTrue();
    }
    return ids;
  }

  private int sandboxes() throws IOException {
    return http.send("GET", "/v1/status", "-", "").json().at("/host/sandboxes").asInt();
  }

  @Test
  void shouldGoOnWithEveryAcknowledgedLeaseWhenTheServiceIsKilled() throws Exception {
    Held brief = hold("brief", 1);
    Map<String, Held> acknowledged = new ConcurrentHashMap<>();
    Map<String, Held> released = new ConcurrentHashMap<>();
    Map<String, Held> releasing = new ConcurrentHashMap<>();
    List<String> asked = java.util.Collections.synchronizedList(new ArrayList<>());
    List<Thread> clients = new ArrayList<>();
    for (int i = 0; i < CLIENTS; i++) {
      String client = "client" + i + "-";
      clients.add(
          Thread.ofVirtual()
              .start(() -> {
                try {
                  for (int n = 0; ; n++) {
                    asked.add(client + n);
                    Held held = hold(client + n, TTL_SECONDS);
                    acknowledged.put(held.key, held);
                    if (n > 0) {
                      Held before = acknowledged.remove(client + (n - 1));
                      releasing.put(before.key, before);
                      if (release(before).status() == 204) {
                        released.put(before.key, before);
                      }
                    }
                  }
                } catch (IOException killed) {
                  // This client's service is gone.
                }
              }));
    }
    while (released.size() < 40) {
      Thread.sleep(5);
    }

    kill();
    for (Thread client : clients) {
      client.join();
    }
    TimeUnit.SECONDS.sleep(1);
    start();

    for (Held held : acknowledged.values()) {
      assertThat(hold(held.key, TTL_SECONDS)).as("asked again").isEqualTo(held);
      assertThat(run(held)).isEqualTo("hello\n");
    }
    for (Held held : released.values()) {
      assertThat(acquire(held.key, TTL_SECONDS).problem()).isEqualTo("410 lease.released");
    }
    assertThat(acquire(brief.key, 1).problem()).isEqualTo("410 lease.expired");
    // What was under way may have come to be or not, but once.
    Set<String> expected = new HashSet<>();
    acknowledged.values().forEach(held -> expected.add(held.id));
    for (String key : asked) {
      if (!acknowledged.containsKey(key) && !released.containsKey(key)) {
        RawHttp.Reply reply = acquire(key, TTL_SECONDS);
        if (reply.status() == 201) {
          expected.add(reply.json().get("id").asText());
        } else {
          assertThat(releasing).containsKey(key);
          assertThat(reply.problem()).startsWith("410 lease.");
        }
      }
    }
    assertThat(leases()).isEqualTo(expected);
    assertThat(sandboxes()).isEqualTo(expected.size());
    assertNothingIsLeftAfterAnOrderlyStop();
  }

  @Test
  void shouldHandLeasesOverToItsSuccessor() throws Exception {
    Held held = hold("k", TTL_SECONDS);
    List<ProcessHandle> before = processes();

    assertThat(http.send("POST", "/v1/handover", "-", "").status()).isEqualTo(202);
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isZero();
    assertThat(processes()).as("host processes wait").isNotEmpty().isSubsetOf(before);
    start();

    assertThat(run(held)).isEqualTo("hello\n");
    assertThat(hold("k", TTL_SECONDS)).isEqualTo(held);
    assertThat(processes()).containsAnyElementsOf(before);
    assertThat(release(held).status()).isEqualTo(204);
    assertThat(sandboxes()).isZero();
    assertNothingIsLeftAfterAnOrderlyStop();
  }

  @Test
  void shouldLoseLeasesOfAHostProcessThatDiedMeanwhileAndLeaveNothingOfIt() throws Exception {
    Held held = hold("k", TTL_SECONDS);
    kill();
    List<ProcessHandle> hosts = processes();
    hosts.forEach(ProcessHandle::destroyForcibly);
    for (ProcessHandle host : hosts) {
      host.onExit().get(30, TimeUnit.SECONDS);
    }

    start();

    assertThat(run(held)).isEqualTo("410 lease.sandbox_lost");
    assertThat(leases()).isEmpty();
    File[] sockets = state.resolve("run").toFile().listFiles();
    assertThat(Arrays.stream(sockets).map(File::getName).filter(n -> n.endsWith(".sock")))
        .as("of the new processes")
        .hasSizeLessThanOrEqualTo(2);
    assertNothingIsLeftAfterAnOrderlyStop();
  }
}
