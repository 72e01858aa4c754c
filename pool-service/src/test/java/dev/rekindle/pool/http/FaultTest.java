package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each fault has its code, and leaves nothing behind. */
@Timeout(120)
class FaultTest {
  /** So that a leak of one a fault stands out of what grows by itself. */
  private static final int TIMES = 12;

  private static final String NDJSON = "application/x-ndjson";
  private static final String CAT = "{\"argv\":[\"cat\"]}";

  private TestService service;
  private RawHttp http;

  @BeforeEach
  void start(@TempDir Path state) throws Exception {
    List<String> builder = new ArrayList<>(TestService.SLOW_BUILDER);
    builder.set(
        2,
        "if [ $4 = slow ]; then "
            + TestService.SLOW_BUILDER.get(2)
            + "; else "
            + TestService.PANICKING_BUILDER.get(2)
            + "; fi");
    service = new TestService(state, builder);
    http = service.http();
    warmUp();
  }

  /** Everything that is made at its first use is there before anything is counted. */
  private void warmUp() throws Exception {
    for (int i = 0; i < 4; i++) {
      JsonNode lease = service.lease(60);
      exec(lease, CAT);
      http.send("DELETE", path(lease), token(lease), "");
      http.send("PUT", "/v1/templates/base", "-", "");
      http.send("DELETE", "/v1/templates/none", "-", "");
      http.send("GET", "/openapi.yaml", "-", "");
    }
  }

  @AfterEach
  void stop() throws Exception {
    service.close();
  }

  private static String path(JsonNode lease) {
    return "/v1/leases/" + lease.get("id").asText();
  }

  private static String token(JsonNode lease) {
    return lease.get("token").asText();
  }

  private RawHttp.Reply exec(JsonNode lease, String body) throws IOException {
    return http.send("POST", path(lease) + "/exec", token(lease), body);
  }

  @ParameterizedTest(name = "{0} {1} {2}")
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          POST | /v1/leases          | ``                                                | 400 request.not_json
          POST | /v1/leases          | {"template":                                      | 400 request.not_json
          POST | /v1/leases          | not JSON at all                                   | 400 request.not_json
          POST | /v1/leases          | {"template":"base"} {}                            | 400 request.invalid
          POST | /v1/leases          | {"template":"base","color":"red"}                 | 400 request.invalid
          POST | /v1/leases          | {"template":"base","ttlSeconds":0}                | 400 request.invalid
          POST | /v1/leases          | {"template":"base","ttlSeconds":-1}               | 400 request.invalid
          POST | /v1/leases          | {"template":"base","ttlSeconds":3155760000}       | 400 request.invalid
          POST | /v1/leases          | {"template":"base","ttlSeconds":86401}            | 400 request.invalid
          POST | /v1/leases          | {"template":"../../etc/passwd"}                   | 400 request.invalid
          POST | /v1/leases          | {"template":""}                                   | 400 request.invalid
          POST | /v1/leases          | {"template":"none"}                               | 404 template.unknown
          POST | /v1/run             | not JSON at all                                   | 400 request.not_json
          POST | /v1/run             | {"template":"base"}                               | 400 request.invalid
          POST | /v1/run             | {"template":"base","exec":{"argv":["a"],"x":1}}   | 400 request.invalid
          POST | /v1/run             | {"template":"base","exec":{"argv":[]}}            | 400 request.invalid
          POST | /v1/run             | {"template":"base","exec":{"argv":["missing-"]}}  | 422 exec.not_found
          POST | /v1/run             | {"template":"base","exec":{"argv":["a"],"stdinBase64":"%"}} | 400 request.invalid
          PUT  | /v1/templates/UPPER | {}                                                | 400 request.invalid
          PUT  | /v1/templates/x     | {"kernel":                                        | 400 request.not_json
          PUT  | /v1/templates/x     | {"memoryMib":1}                                   | 400 template.invalid_recipe
          PUT  | /v1/templates/base  | ``                                                | 422 template.kernel_panic
          """)
  void shouldTellTheProblemAndKeepNothing(String method, String path, String body, String problem)
      throws Exception {
    Census before = Census.of(service);

    for (int i = 0; i < TIMES; i++) {
      assertThat(http.send(method, path, "-", body).problem()).isEqualTo(problem);
    }

    before.assertNothingMore(service);
  }

  @Test
  void shouldRefuseCommandsWhenTheLeaseHasEnded() throws Exception {
    JsonNode released = service.lease(60);
    http.send("DELETE", path(released), token(released), "");
    JsonNode expired = service.lease(1);
    TimeUnit.MILLISECONDS.sleep(1_100);
    Census before = Census.of(service);

    for (int i = 0; i < TIMES; i++) {
      assertThat(exec(released, CAT).problem()).isEqualTo("410 lease.released");
      assertThat(exec(expired, CAT).problem()).isEqualTo("410 lease.expired");
    }

    before.assertNothingMore(service);
    assertThat(service.status().path("leases").asInt()).isZero();
  }

  @Test
  void shouldKillTheCommandWhenItsClientIsGone() throws Exception {
    JsonNode lease = service.lease(60);
    Census before = Census.of(service);

    for (int i = 0; i < TIMES; i++) {
      String endless = "{\"argv\":[\"yes\"]}";
      Socket socket =
          http.begin("POST", path(lease) + "/exec", token(lease), NDJSON, endless.length());
      socket.getOutputStream().write(endless.getBytes());
      awaitLine(RawHttp.lines(socket), "{\"stdout\"");
      assertThat(ProcessHandle.current().descendants().count()).isEqualTo(2);
      RawHttp.reset(socket);
      before.assertNothingMore(service);
    }

    assertThat(exec(lease, CAT).status()).isEqualTo(200);
  }

  private static void awaitLine(BufferedReader lines, String part) throws IOException {
    String line = lines.readLine();
    while (!line.contains(part)) {
      line = lines.readLine();
    }
  }

  @Test
  void shouldReleaseTheSandboxWhenTheClientOfARunIsGone() throws Exception {
    Census before = Census.of(service);

    for (int i = 0; i < TIMES; i++) {
      String endless = "{\"template\":\"base\",\"exec\":{\"argv\":[\"sleep\",\"1000\"]}}";
      Socket socket = http.begin("POST", "/v1/run", "-", NDJSON, endless.length());
      socket.getOutputStream().write(endless.getBytes());
      awaitLine(RawHttp.lines(socket), "{\"started\"");
      RawHttp.reset(socket);
    }

    before.assertNothingMore(service);
  }

  @Test
  void shouldBuildNothingWhenTheClientIsGoneInTheMiddleOfARecipe() throws Exception {
    Census before = Census.of(service);

    for (int i = 0; i < TIMES; i++) {
      Socket socket = http.begin("PUT", "/v1/templates/half", "-", NDJSON, 100_000);
      socket.getOutputStream().write("{\"kernel\":".getBytes());
      socket.getOutputStream().flush();
      RawHttp.reset(socket);
    }

    before.assertNothingMore(service);
    assertThat(service.state().resolve("logs/build-half.log")).doesNotExist();
    assertThat(http.send("GET", "/v1/templates/half", "-", "").problem())
        .isEqualTo("404 template.unknown");
  }

  @Test
  void shouldFinishTheBuildWhenTheClientWhoWatchesItIsGone() throws Exception {
    Files.createDirectories(service.state().resolve("logs"));
    Files.createFile(service.state().resolve("logs/build-slow.log"));
    Census before = Census.of(service);

    String recipe = "{\"kernel\":{\"debian\":\"6.12\"},\"rootfs\":{\"busybox\":true}}";
    Socket socket = http.begin("PUT", "/v1/templates/slow", "-", NDJSON, recipe.length());
    socket.getOutputStream().write(recipe.getBytes());
    awaitLine(RawHttp.lines(socket), "{\"stage\"");
    RawHttp.reset(socket);
    TimeUnit.MILLISECONDS.sleep(100);
    assertThat(http.send("GET", "/v1/templates", "-", "").body()).contains("\"slow\"");
    assertThat(http.send("PUT", "/v1/templates/slow", "-", recipe).problem())
        .isEqualTo("409 template.build_in_progress");
    Path go = Files.createFile(service.state().resolve("go"));
    while (http.send("GET", "/v1/templates", "-", "").body().contains("\"slow\"")) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    Files.delete(go);

    before.assertNothingMore(service);
  }

  @Test
  void shouldLoseTheLeaseWhenTheHostProcessIsKilledUnderIt() throws Exception {
    JsonNode lease = service.lease(60);
    http.send("DELETE", path(lease), token(lease), "");
    Census before = Census.of(service);

    for (int i = 0; i < 3; i++) {
      lease = service.lease(60);
      killHost();
      assertThat(exec(lease, CAT).problem()).isEqualTo("410 lease.sandbox_lost");
      JsonNode next = service.lease(60);
      assertThat(exec(next, CAT).status()).isEqualTo(200);
      http.send("DELETE", path(next), token(next), "");
    }

    before.assertNothingMore(service);
  }

  @Test
  void shouldLoseTheLeaseWhenTheHostProcessIsKilledDuringACommand() throws Exception {
    Census before = Census.of(service);

    for (String accept : new String[] {"application/json", NDJSON}) {
      JsonNode lease = service.lease(60);
      String waits = "{\"argv\":[\"cat\"]}\n";
      Socket socket = new Socket("127.0.0.1", service.port());
      socket.setSoTimeout(30_000);
      String head =
          ("POST %s/exec HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAccept: %s\r\n"
                  + "Rekindle-Lease-Token: %s\r\nContent-Type: application/x-ndjson\r\n"
                  + "Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n")
              .formatted(path(lease), accept, token(lease), waits.length(), waits);
      socket.getOutputStream().write(head.getBytes());
      awaitProcesses(2);

      killHost();

      RawHttp.Reply reply = RawHttp.reply(socket);
      socket.close();
      if (accept.equals(NDJSON)) {
        assertThat(reply.body()).contains("{\"started\"", "\"code\":\"lease.sandbox_lost\"");
      } else {
        assertThat(reply.problem()).isEqualTo("410 lease.sandbox_lost");
      }
    }

    before.assertNothingMore(service);
    assertThat(exec(service.lease(60), CAT).status()).isEqualTo(200);
  }

  private static void awaitProcesses(long count) throws InterruptedException {
    while (ProcessHandle.current().descendants().count() != count) {
      Thread.sleep(10);
    }
  }

  /** As {@code kill -9}; returns when the service has noticed. */
  private void killHost() throws Exception {
    int starts = service.status().path("hostStarts").asInt();
    ProcessHandle.current().children().forEach(ProcessHandle::destroyForcibly);
    while (service.status().path("hostStarts").asInt() == starts) {
      Thread.sleep(10);
    }
  }
}
