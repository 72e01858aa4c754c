package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rekindle.pool.auth.Scope;
import dev.rekindle.pool.config.AccessConfig;
import java.io.BufferedReader;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The service where every request must show a key. */
@Timeout(120)
class AccessTest {
  private static final String BASE = "{\"template\":\"base\"}";

  private static TestService service;
  private static String operator;
  private static final Map<Scope, String> KEYS = new EnumMap<>(Scope.class);

  @BeforeAll
  static void start(@TempDir Path state) throws Exception {
    service =
        new TestService(
            state, new AccessConfig(true, state.resolve("operator.key"), Optional.empty()));
    service.awaitReady();
    operator = Files.readString(state.resolve("operator.key")).strip();
    for (Scope scope : Scope.values()) {
      KEYS.put(scope, key(scope.text(), "").get("key").asText());
    }
  }

  @AfterAll
  static void stop() throws Exception {
    service.close();
  }

  private static JsonNode key(String scope, String more) throws Exception {
    RawHttp.Reply reply =
        send(
            "POST",
            "/v1/keys",
            operator,
            "{\"name\":\"test\",\"scopes\":[\"" + scope + "\"]" + more + "}");
    assertThat(reply.status()).as(reply.body()).isEqualTo(201);
    return reply.json();
  }

  private static RawHttp.Reply send(String method, String path, String key, String body)
      throws Exception {
    return http(key).send(method, path, "-", body);
  }

  private static RawHttp http(String key) {
    return key == null ? service.http() : service.http().with("Authorization: Bearer " + key);
  }

  static Stream<RouteAccess.Rule> rules() {
    return RouteAccess.RULES.stream();
  }

  private static String path(RouteAccess.Rule rule) {
    return rule.path().replace("{part}", "app.js").replaceAll("\\{\\w+}", "none");
  }

  /** The status alone: the answer may have no end. */
  private static int status(RouteAccess.Rule rule, String key) throws Exception {
    try (Socket socket = http(key).begin(rule.method(), path(rule), "-", "*/*", 0)) {
      return Integer.parseInt(RawHttp.lines(socket).readLine().split(" ")[1]);
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void shouldAskForAKeyUnlessTheRouteIsOpenToAll(RouteAccess.Rule rule) throws Exception {
    RawHttp.Reply reply = send(rule.method(), path(rule), null, "");

    if (rule.isPublic()) {
      assertThat(reply.status()).isIn(200, 503);
    } else {
      assertThat(reply.problem()).isEqualTo("401 auth.key_missing");
      assertThat(reply.head()).containsIgnoringCase("WWW-Authenticate: Bearer");
    }
  }

  @ParameterizedTest
  @MethodSource("rules")
  void shouldLetThroughTheScopesOfTheRouteAlone(RouteAccess.Rule rule) throws Exception {
    for (Scope scope : Scope.values()) {
      boolean may = rule.isPublic() || rule.scopes().contains(scope);

      if (!may) {
        RawHttp.Reply reply = send(rule.method(), path(rule), KEYS.get(scope), "");
        assertThat(reply.problem()).as(scope.text()).isEqualTo("403 auth.scope_missing");
      } else if (!rule.path().equals("/v1/handover")) {
        // That one would be the end of the service.
        assertThat(status(rule, KEYS.get(scope))).as(scope.text()).isNotIn(401, 403);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'Authorization: Bearer rk_000000000000_00', 401 auth.key_wrong",
    "'Authorization: Bearer', 401 auth.key_wrong",
    "'Authorization: Basic b3BlcmF0b3I6', 401 auth.key_wrong",
    "'X-Api-Key: x', 401 auth.key_missing"
  })
  void shouldRefuseWhatIsNoKey(String header, String problem) throws Exception {
    assertThat(service.http().with(header).send("GET", "/v1/status", "-", "").problem())
        .isEqualTo(problem);
  }

  @Test
  void shouldAnswerOfRoutesThatAreNotThere() throws Exception {
    assertThat(send("GET", "/v2/none", operator, "").problem()).isEqualTo("404 route.unknown");
    assertThat(send("PATCH", "/v1/leases", operator, "").problem())
        .isEqualTo("405 route.method_not_allowed");
    assertThat(send("HEAD", "/metrics", operator, "").status()).isEqualTo(405);
  }

  @ParameterizedTest
  @CsvSource({
    "//v1/leases",
    "/v1//leases",
    "/v1/./leases",
    "/v1/x/../leases",
    "/%76%31/leases",
    "/v1/leases/",
    "/v1/LEASES",
    "/healthz/../v1/leases",
    "/healthz%2f..%2fv1%2fleases",
    "/openapi.yaml/../metrics"
  })
  void shouldLetNoSpellingOfAPathAround(String path) throws Exception {
    assertThat(send("GET", path, null, "").status()).isIn(401, 404, 405);
  }

  @Test
  void shouldTellTheLimitsAndKeepThem() throws Exception {
    String key = key("observe", ",\"requestsPerSecond\":2").get("key").asText();
    RawHttp.Reply reply = send("GET", "/v1/self", key, "");
    for (int i = 0; i < 50 && reply.status() == 200; i++) {
      assertThat(reply.head()).contains("RateLimit-Limit: 2").contains("RateLimit-Remaining: ");
      reply = send("GET", "/v1/self", key, "");
    }

    assertThat(reply.problem()).isEqualTo("429 limit.rate");
    assertThat(reply.head())
        .contains("RateLimit-Remaining: 0", "RateLimit-Reset: 1", "Retry-After: 1");
    assertThat(send("GET", "/v1/self", operator, "").head()).doesNotContain("RateLimit");
  }

  @Test
  void shouldBoundTheLeasesOfAKeyUntilTheyEnd() throws Exception {
    JsonNode made = key("lease", ",\"maxLeases\":1");
    String key = made.get("key").asText();
    JsonNode lease = send("POST", "/v1/leases", key, BASE).json();

    RawHttp.Reply second = send("POST", "/v1/leases", key, BASE);
    assertThat(second.problem()).isEqualTo("429 limit.leases");
    assertThat(second.head()).contains("Retry-After: 1");
    assertThat(
            send("POST", "/v1/run", key, "{\"template\":\"base\",\"exec\":{\"argv\":[\"true\"]}}")
                .problem())
        .isEqualTo("429 limit.leases");
    assertThat(
            http(key)
                .send(
                    "DELETE",
                    "/v1/leases/" + lease.get("id").asText(),
                    lease.get("token").asText(),
                    "")
                .status())
        .isEqualTo(204);
    assertThat(
            send("POST", "/v1/run", key, "{\"template\":\"base\",\"exec\":{\"argv\":[\"true\"]}}")
                .status())
        .isEqualTo(200);
    assertThat(send("GET", "/v1/keys", operator, "").json().get("keys"))
        .filteredOn(k -> k.get("id").equals(made.get("id")))
        .allSatisfy(k -> assertThat(k.get("leases").intValue()).isZero())
        .hasSize(1);
  }

  @Test
  void shouldNotCountALeaseThatWasRefused() throws Exception {
    String key = key("lease", ",\"maxLeases\":1").get("key").asText();

    for (int i = 0; i < 3; i++) {
      assertThat(send("POST", "/v1/leases", key, "{\"template\":\"none\"}").problem())
          .isEqualTo("404 template.unknown");
    }
  }

  @Test
  void shouldEndARunningStreamWhenItsKeyIsRevoked() throws Exception {
    JsonNode made = key("lease", "");
    String request = "{\"template\":\"base\",\"exec\":{\"argv\":[\"sleep\",\"600\"]}}";
    try (Socket socket =
        http(made.get("key").asText())
            .begin("POST", "/v1/run", "-", "application/x-ndjson", request.length())) {
      socket.getOutputStream().write(request.getBytes());
      BufferedReader lines = RawHttp.lines(socket);
      String line = lines.readLine();
      while (!line.contains("started")) {
        line = lines.readLine();
      }

      assertThat(send("DELETE", "/v1/keys/" + made.get("id").asText(), operator, "").status())
          .isEqualTo(204);

      while (!line.contains("error")) {
        line = lines.readLine();
      }
      JsonNode error = new ObjectMapper().readTree(line).get("error");
      assertThat(error.get("code").asText()).isEqualTo("auth.key_revoked");
    }
  }

  @Test
  void shouldEndARunningRequestWhenItsKeysTimeIsOver() throws Exception {
    String key = key("lease", ",\"ttlSeconds\":2").get("key").asText();

    RawHttp.Reply reply =
        send(
            "POST",
            "/v1/run",
            key,
            "{\"template\":\"base\",\"exec\":{\"argv\":[\"sleep\",\"600\"]}}");

    assertThat(reply.problem()).isEqualTo("401 auth.key_expired");
  }

  @Test
  void shouldAnswerWhoRevokesItsOwnKey() throws Exception {
    JsonNode made = key("operate", "");
    String path = "/v1/keys/" + made.get("id").asText();

    assertThat(send("DELETE", path, made.get("key").asText(), "").status()).isEqualTo(204);
    assertThat(send("DELETE", path, operator, "").problem()).isEqualTo("404 key.unknown");
  }

  @ParameterizedTest
  @CsvSource({
    "'{\"name\":\"a b\",\"scopes\":[\"lease\"]}'",
    "'{\"name\":\"a\",\"scopes\":[]}'",
    "'{\"name\":\"a\",\"scopes\":[\"root\"]}'",
    "'{\"name\":\"a\",\"scopes\":[null]}'",
    "'{\"name\":\"a\"}'",
    "'{\"name\":\"a\",\"scopes\":[\"lease\"],\"ttlSeconds\":0}'",
    "'{\"name\":\"a\",\"scopes\":[\"lease\"],\"maxLeases\":-1}'",
    "'{\"name\":\"a\",\"scopes\":[\"lease\"],\"requestsPerSecond\":100001}'"
  })
  void shouldRefuseAKeyThatMakesNoSense(String body) throws Exception {
    assertThat(send("POST", "/v1/keys", operator, body).problem()).isEqualTo("400 request.invalid");
  }

  @ParameterizedTest
  @CsvSource({
    "'Origin: https://evil.example', 403",
    "'Origin: null', 403",
    "'Origin: http://127.0.0.1', 200",
    "'Origin: :', 403"
  })
  void shouldRefuseThePagesOfOtherOrigins(String header, int status) throws Exception {
    RawHttp.Reply reply = http(operator).with(header).send("GET", "/v1/self", "-", "");

    assertThat(reply.status()).isEqualTo(status);
  }
}
