package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The service on a loopback address, where no key is asked for. */
@Timeout(120)
class OpenAccessTest {
  private static TestService service;

  @BeforeAll
  static void start(@TempDir Path state) throws Exception {
    service = new TestService(state, TestService.PANICKING_BUILDER);
  }

  @AfterAll
  static void stop() throws Exception {
    service.close();
  }

  @Test
  void shouldNeedNoKeyButRefuseAWrongOne() throws Exception {
    RawHttp.Reply reply = service.http().send("GET", "/v1/self", "-", "");

    assertThat(reply.body())
        .isEqualTo("{\"keyRequired\":false,\"scopes\":[\"lease\",\"operate\",\"observe\"]}\n");
    assertThat(
            service
                .http()
                .with("Authorization: Bearer rk_x")
                .send("GET", "/v1/self", "-", "")
                .problem())
        .isEqualTo("401 auth.key_wrong");
    assertThat(service.state().resolve("operator.key")).doesNotExist();
  }

  @Test
  void shouldKeepAKeysScopesWhereNoKeyIsNeeded() throws Exception {
    String body = "{\"name\":\"look\",\"scopes\":[\"observe\"]}";
    String key = service.http().send("POST", "/v1/keys", "-", body).json().get("key").asText();

    assertThat(
            service
                .http()
                .with("Authorization: Bearer " + key)
                .send("POST", "/v1/leases", "-", "{\"template\":\"base\"}")
                .problem())
        .isEqualTo("403 auth.scope_missing");
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, 200",
    "LOCALHOST:7070, 200",
    "localhost:7070, 200",
    "127.0.0.1:7070, 200",
    "[::1]:7070, 200",
    "evil.example, 403",
    "127.0.0.1.evil.example, 403",
    "localhost.evil.example:7070, 403"
  })
  void shouldAnswerToItsOwnNamesOnly(String host, int status) throws Exception {
    RawHttp.Reply reply = service.http().as(host).send("GET", "/v1/self", "-", "");

    assertThat(reply.status()).isEqualTo(status);
    if (status == 403) {
      assertThat(reply.problem()).isEqualTo("403 auth.origin_refused");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "https://evil.example, 403",
    "http://127.0.0.1:1, 403",
    "http://127.0.0.1, 200",
    "null, 403"
  })
  void shouldRefuseWhatAPageOfAnotherOriginAsksFor(String origin, int status) throws Exception {
    RawHttp.Reply reply =
        service
            .http()
            .with("Origin: " + origin)
            .send("POST", "/v1/run", "-", "{\"template\":\"base\",\"exec\":{\"argv\":[\"true\"]}}");

    assertThat(reply.status()).isEqualTo(status);
  }
}
