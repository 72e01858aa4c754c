package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pools over HTTP, with a host process that has no VMs. */
@Timeout(120)
class PoolRoutesTest {
  private final ObjectMapper json = new ObjectMapper();
  private final HttpClient http = HttpClient.newHttpClient();
  @TempDir Path state;
  private TestService service;

  @BeforeEach
  void start() throws Exception {
    service = new TestService(state, TestService.PANICKING_BUILDER);
  }

  @AfterEach
  void stop() throws Exception {
    http.close();
    service.close();
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + service.port() + path);
    HttpRequest request =
        HttpRequest.newBuilder(uri).method(method, BodyPublishers.ofString(body)).build();
    return http.send(request, HttpResponse.BodyHandlers.ofString());
  }

  private JsonNode ok(String method, String path, String body) throws Exception {
    HttpResponse<String> reply = send(method, path, body);
    assertThat(reply.statusCode()).as(reply.body()).isBetween(200, 201);
    return json.readTree(reply.body());
  }

  private String code(HttpResponse<String> reply) throws Exception {
    return reply.statusCode() + " " + json.readTree(reply.body()).path("code").asText();
  }

  private JsonNode awaitParked(int count) throws Exception {
    while (true) {
      JsonNode pool = ok("GET", "/v1/pools/base", "");
      if (pool.path("there").path("parked").asInt(-1) == count) {
        return pool;
      }
      Thread.sleep(50);
    }
  }

  private String served() throws Exception {
    return ok("POST", "/v1/leases", "{\"template\":\"base\"}").path("served").asText();
  }

  @Test
  void shouldServeParkedSandboxesFirstWhenAPoolKeepsSome() throws Exception {
    ok("PUT", "/v1/pools/base", "{\"parked\":{\"min\":2},\"recycle\":\"never\"}");
    JsonNode pool = awaitParked(2);

    assertThat(pool.path("wanted").path("parked").asInt()).isEqualTo(2);
    assertThat(pool.path("wanted").path("reasons")).isNotEmpty();
    assertThat(served()).isEqualTo("parked");
    assertThat(served()).isEqualTo("parked");
    assertThat(served()).isEqualTo("new");
    assertThat(ok("GET", "/v1/pools/base", "").path("served").path("parked").asInt()).isEqualTo(2);
  }

  @Test
  void shouldSizeByWhatWasSeenWhenThereIsATarget() throws Exception {
    String spec = "{\"parked\":{\"min\":0,\"max\":9},\"target\":{\"missRate\":0.01}}";
    assertThat(ok("PUT", "/v1/pools/base", spec).path("wanted").path("parked").asInt()).isZero();

    for (int i = 0; i < 4; i++) {
      served();
    }

    // Four came within what making one is assumed to take.
    JsonNode pool = ok("GET", "/v1/pools/base", "");
    assertThat(pool.path("wanted").path("parked").asInt()).as("%s", pool).isBetween(2, 9);
    assertThat(pool.path("evidence").path("perSecond").asDouble()).isPositive();
  }

  @Test
  void shouldRefuseLeasesBeyondTheBudgetWithTheWayOut() throws Exception {
    ok("PUT", "/v1/pools/base", "{\"vcpuBudget\":1}");
    served();

    HttpResponse<String> refused = send("POST", "/v1/leases", "{\"template\":\"base\"}");

    assertThat(code(refused)).isEqualTo("503 pool.exhausted");
    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
    assertThat(refused.body()).contains("budget");
  }

  @Test
  void shouldKnowItsPoolsAfterARestart() throws Exception {
    ok("PUT", "/v1/pools/base", "{\"parked\":{\"min\":1}}");
    service.close();

    service = new TestService(state, TestService.PANICKING_BUILDER);

    awaitParked(1);
    assertThat(ok("GET", "/v1/pools", "").path("pools")).hasSize(1);
  }

  @Test
  void shouldFreeWhatAPoolKeptWhenItIsRemoved() throws Exception {
    ok("PUT", "/v1/pools/base", "{\"parked\":{\"min\":2}}");
    awaitParked(2);

    assertThat(send("DELETE", "/v1/pools/base", "").statusCode()).isEqualTo(204);

    assertThat(code(send("DELETE", "/v1/pools/base", ""))).isEqualTo("404 pool.unknown");
    awaitParked(0);
    assertThat(ok("GET", "/v1/pools", "").path("pools")).isEmpty();
  }

  @Test
  void shouldRefuseWhatIsNoPool() throws Exception {
    for (String body :
        new String[] {
          "{\"parked\":{\"min\":3,\"max\":1}}",
          "{\"parked\":{\"min\":-1}}",
          "{\"parked\":{\"min\":99999}}",
          "{\"shells\":{\"max\":1e9}}",
          "{\"memoryBudgetMib\":-1}",
          "{\"recycle\":\"sometimes\"}",
          "{\"target\":{}}",
          "{\"target\":{\"missRate\":0}}",
          "{\"target\":{\"missRate\":0.1,\"acquireP99Micros\":5}}",
          "{\"unknown\":1}",
        }) {
      assertThat(code(send("PUT", "/v1/pools/base", body)))
          .as(body)
          .isEqualTo("400 request.invalid");
    }
    assertThat(code(send("PUT", "/v1/pools/base", "no"))).isEqualTo("400 request.not_json");
    assertThat(code(send("PUT", "/v1/pools/nobody", "{}"))).isEqualTo("404 template.unknown");
    assertThat(code(send("GET", "/v1/pools/No%20Name", ""))).isEqualTo("400 request.invalid");
  }
}
