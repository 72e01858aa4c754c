package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The service over HTTP, with a host process that has no VMs. */
@Timeout(120)
class ApiServerTest {
  private static final String NDJSON = "application/x-ndjson";
  private static final String LEASE = "{\"template\":\"base\",\"ttlSeconds\":60}";

  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  private TestService service;
  private int port;

  @BeforeEach
  void start(@TempDir Path state) throws Exception {
    service = new TestService(state, TestService.PANICKING_BUILDER);
    port = service.port();
  }

  @AfterEach
  void stop() throws Exception {
    http.close();
    service.close();
  }

  private HttpRequest.Builder to(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), HttpResponse.BodyHandlers.ofString());
  }

  private HttpResponse<String> post(String path, String body, String token) throws Exception {
    return send(to(path).header("Rekindle-Lease-Token", token).POST(BodyPublishers.ofString(body)));
  }

  private JsonNode lease() throws Exception {
    HttpResponse<String> reply = post("/v1/leases", LEASE, "-");
    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(201);
    return json.readTree(reply.body());
  }

  private String code(HttpResponse<String> reply) throws Exception {
    return reply.statusCode() + " " + json.readTree(reply.body()).path("code").asText();
  }

  private HttpResponse<String> exec(JsonNode lease, String body) throws Exception {
    String path = "/v1/leases/" + lease.get("id").asText() + "/exec";
    return post(path, body, lease.get("token").asText());
  }

  private int sandboxes() throws Exception {
    return json.readTree(send(to("/v1/status")).body()).path("host").path("sandboxes").asInt(-1);
  }

  private void awaitSandboxes(int count) throws Exception {
    for (int i = 0; i < 500 && sandboxes() != count; i++) {
      Thread.sleep(20);
    }
    assertThat(sandboxes()).isEqualTo(count);
  }

  @Test
  void shouldGiveAndTakeBackWhenALeaseIsUsedInOrder() throws Exception {
    JsonNode lease = lease();

    HttpResponse<String> exec = exec(lease, "{\"argv\":[\"cat\"],\"stdin\":\"grüße\"}");

    assertThat(json.readTree(exec.body()).path("stdout").asText()).isEqualTo("grüße");
    assertThat(lease.path("stagesMicros").has("total")).isTrue();
    HttpRequest.Builder release =
        to("/v1/leases/" + lease.get("id").asText())
            .header("Rekindle-Lease-Token", lease.get("token").asText())
            .DELETE();
    assertThat(send(release).statusCode()).isEqualTo(204);
    assertThat(send(release).statusCode()).isEqualTo(204);
    assertThat(code(exec(lease, "{\"argv\":[\"cat\"]}"))).isEqualTo("410 lease.released");
    awaitSandboxes(0);
  }

  @Test
  void shouldStreamLinesWhenAskedByAccept() throws Exception {
    String body =
        "{\"template\":\"base\",\"exec\":{\"argv\":[\"cat\"]}}\n{\"stdin\":\"a\"}\n{\"stdin\":\"b\"}\n";

    HttpResponse<String> reply =
        send(
            to("/v1/run")
                .header("Accept", "application/x-ndjson")
                .header("Content-Type", "application/x-ndjson")
                .POST(BodyPublishers.ofString(body)));

    assertThat(reply.body()).contains("\"lease\"", "\"started\"", "\"exit\"");
    assertThat(reply.body().lines().filter(line -> line.startsWith("{\"stdout\"")))
        .extracting(line -> json.readTree(line).get("stdout").asText())
        .satisfies(parts -> assertThat(String.join("", parts)).isEqualTo("ab"));
    awaitSandboxes(0);
  }

  @Test
  void shouldRefuseBadInputWithItsCode() throws Exception {
    for (String[] c :
        new String[][] {
          {"", "400 request.not_json"},
          {"{", "400 request.not_json"},
          {"[]", "400 request.invalid"},
          {"{\"template\":\"base\",\"ttl\":1}", "400 request.invalid"},
          {"{\"template\":\"base\",\"ttlSeconds\":0}", "400 request.invalid"},
          {"{\"template\":\"base\",\"ttlSeconds\":3155760000}", "400 request.invalid"},
          {"{\"template\":\"base\",\"ttlSeconds\":\"1\"}", "400 request.invalid"},
          {"{\"template\":\"base\"} x", "400 request.not_json"},
          {"{\"template\":\"../x\"}", "400 request.invalid"},
          {"{\"template\":\"none\"}", "404 template.unknown"},
        }) {
      assertThat(code(post("/v1/leases", c[0], "-"))).as(c[0]).isEqualTo(c[1]);
    }
    assertThat(code(send(to("/nothing")))).isEqualTo("404 route.unknown");
    assertThat(code(post("/v1/status", "{}", "-"))).isEqualTo("405 route.method_not_allowed");
    awaitSandboxes(0);
  }

  @Test
  void shouldNameTheFieldAndTheValueWhenRefusing() throws Exception {
    String body = post("/v1/leases", "{\"template\":\"base\",\"ttlSeconds\":0}", "-").body();

    assertThat(json.readTree(body).path("detail").asText())
        .contains("ttlSeconds must be in [1, 86400], got 0");
  }

  @Test
  void shouldRefuseStrangersWhenTokenIsMissingOrWrong() throws Exception {
    JsonNode lease = lease();
    String path = "/v1/leases/" + lease.get("id").asText();

    assertThat(code(send(to(path).DELETE()))).isEqualTo("401 lease.token_missing");
    assertThat(code(post(path + "/renew", "{}", "guess"))).isEqualTo("403 lease.token_wrong");
    assertThat(code(post("/v1/leases/none/exec", "{\"argv\":[\"a\"]}", "x")))
        .isEqualTo("404 lease.unknown");
  }

  @Test
  void shouldReleaseByItselfWhenDeadlinePasses() throws Exception {
    JsonNode lease =
        json.readTree(post("/v1/leases", "{\"template\":\"base\",\"ttlSeconds\":1}", "-").body());

    awaitSandboxes(0);

    assertThat(code(exec(lease, "{\"argv\":[\"cat\"]}"))).isEqualTo("410 lease.expired");
  }

  @Test
  void shouldServeAllInTurnAndLeakNothingWhenTwoHundredCome() throws Exception {
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    String body = "{\"template\":\"base\",\"exec\":{\"argv\":[\"cat\"],\"stdin\":\"x\"}}";
    for (int i = 0; i < 200; i++) {
      all.add(
          http.sendAsync(
              to("/v1/run").POST(BodyPublishers.ofString(body)).build(),
              HttpResponse.BodyHandlers.ofString()));
    }

    for (CompletableFuture<HttpResponse<String>> one : all) {
      HttpResponse<String> reply = one.get(60, TimeUnit.SECONDS);
      assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
    }
    awaitSandboxes(0);
    assertThat(send(to("/metrics")).body()).contains("rekindle_lease_stage_seconds_bucket");
  }

  @Test
  void shouldTakeTheLeaseBackWhenItsClientIsGone() throws Exception {
    for (int i = 0; i < 20; i++) {
      try (Socket socket = new Socket("127.0.0.1", port)) {
        String request =
            "POST /v1/leases HTTP/1.1\r\nHost: x\r\nContent-Length: " + LEASE.length() + "\r\n\r\n";
        socket.getOutputStream().write((request + LEASE).getBytes());
        socket.setSoLinger(true, 0);
      }
    }

    // Where the reply was already written the lease is its client's until its deadline.
    int left = json.readTree(send(to("/v1/leases")).body()).path("leases").size();
    awaitSandboxes(left);
  }

  @Test
  void shouldTellTheCommandsErrorWhenItCannotRun() throws Exception {
    assertThat(code(exec(lease(), "{\"argv\":[\"missing\"]}"))).isEqualTo("422 exec.not_found");
  }

  @Test
  void shouldAnswerByAProblemOfItsOwnStatusWhenAStreamedCommandCannotRun() throws Exception {
    JsonNode lease = lease();
    RawHttp raw = service.http();
    String exec = "/v1/leases/" + lease.get("id").asText() + "/exec";
    String run = "{\"template\":\"base\",\"exec\":{\"argv\":[\"missing-\"]}}";

    assertThat(
            raw.send("POST", exec, lease.get("token").asText(), NDJSON, "{\"argv\":[\"no-\"]}")
                .problem())
        .isEqualTo("422 exec.not_found");
    assertThat(raw.send("POST", "/v1/run", "-", NDJSON, run).problem())
        .isEqualTo("422 exec.not_found");
    awaitSandboxes(1);
  }

  @Test
  void shouldTellWhatIsWrongWithALineOfStandardInput() throws Exception {
    for (String line : new String[] {"{\"color\":1}", "{\"stdinBase64\":\"%\"}", "x"}) {
      String body =
          "{\"template\":\"base\",\"exec\":{\"argv\":[\"sleep\",\"1000\"]}}\n" + line + "\n";

      HttpResponse<String> reply =
          send(to("/v1/run").header("Content-Type", NDJSON).POST(BodyPublishers.ofString(body)));

      assertThat(code(reply)).as(line).startsWith("400 request.");
    }
    awaitSandboxes(0);
  }

  @Test
  void shouldTellThatACommandWasKilledForLackOfMemory() throws Exception {
    JsonNode lease = lease();

    assertThat(exec(lease, "{\"argv\":[\"cat\"],\"env\":{\"OUT_OF_MEMORY\":\"1\"}}").body())
        .contains("\"outOfMemory\":true");
    assertThat(exec(lease, "{\"argv\":[\"cat\"]}").body()).contains("\"outOfMemory\":false");
  }

  @Test
  void shouldTellTheBuildersErrorWhenATemplateFails() throws Exception {
    HttpResponse<String> reply = send(to("/v1/templates/base").PUT(BodyPublishers.noBody()));

    assertThat(code(reply)).isEqualTo("422 template.kernel_panic");
    assertThat(reply.body()).contains("\"consoleTail\":\"tail\"");
  }

  @Test
  void shouldRefuseARecipeThatIsNone() throws Exception {
    HttpResponse<String> reply =
        send(to("/v1/templates/x").PUT(BodyPublishers.ofString("{\"memoryMib\":1}")));

    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(400);
  }

  @Test
  void shouldDescribeItselfWhenAsked() throws Exception {
    assertThat(send(to("/openapi.yaml")).body()).contains("openapi: 3.1");
    assertThat(send(to("/healthz")).statusCode()).isEqualTo(200);
  }
}
