package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests that are sent again, over HTTP. */
@Timeout(120)
class IdempotencyTest {
  private static final String LEASE = "{\"template\":\"base\",\"ttlSeconds\":60}";

  private TestService service;

  @BeforeEach
  void start(@TempDir Path state) throws Exception {
    service = new TestService(state, TestService.PANICKING_BUILDER);
  }

  @AfterEach
  void stop() throws Exception {
    service.close();
  }

  private RawHttp.Reply send(String path, String body, String... keys) throws IOException {
    try (Socket socket = begin(path, body, keys)) {
      return RawHttp.reply(socket);
    }
  }

  private Socket begin(String path, String body, String... keys) throws IOException {
    StringBuilder head =
        new StringBuilder("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    for (String key : keys) {
      head.append("Idempotency-Key: ").append(key).append("\r\n");
    }
    head.append("Content-Length: ").append(body.length()).append("\r\n\r\n").append(body);
    Socket socket = new Socket("127.0.0.1", service.port());
    socket.getOutputStream().write(head.toString().getBytes(StandardCharsets.UTF_8));
    return socket;
  }

  @Test
  void shouldGiveOneLeaseToManyWhoAskAtOnceAndAgain() throws Exception {
    List<Socket> asking = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      asking.add(begin("/v1/leases", LEASE, "\"one\""));
    }
    RawHttp.reset(asking.removeFirst());
    List<String> replies = new ArrayList<>();
    for (Socket socket : asking) {
      RawHttp.Reply reply = RawHttp.reply(socket);
      assertThat(reply.status()).as(reply.body()).isEqualTo(201);
      replies.add(reply.body());
    }

    assertThat(replies).containsOnly(send("/v1/leases", LEASE, "one").body());
    assertThat(service.status().get("leases").asInt()).isEqualTo(1);
  }

  @Test
  void shouldRefuseAnotherBodyAndAKeyThatIsNone() throws Exception {
    send("/v1/leases", LEASE, "k");

    assertThat(send("/v1/leases", "{\"template\":\"base\",\"ttlSeconds\":61}", "k").problem())
        .isEqualTo("422 lease.idempotency_conflict");
    assertThat(send("/v1/leases", LEASE, "a key").problem()).isEqualTo("400 request.invalid");
    assertThat(send("/v1/leases", LEASE, "k", "k").problem()).isEqualTo("400 request.invalid");
    assertThat(service.status().get("leases").asInt()).isEqualTo(1);
  }

  @Test
  void shouldRunACommandOnce() throws Exception {
    String run = "{\"template\":\"base\",\"exec\":{\"argv\":[\"true\"]}}";

    assertThat(send("/v1/run", run, "r").json().get("exitCode").asInt()).isZero();

    assertThat(send("/v1/run", run, "r").problem()).isEqualTo("410 lease.released");
  }

  @Test
  void shouldFenceOffTheHolderBefore() throws Exception {
    JsonNode lease = send("/v1/leases", LEASE, "k").json();
    String path = "/v1/leases/" + lease.get("id").asText();
    String old = lease.get("token").asText();

    RawHttp.Reply plain = renew(path, old, "{\"ttlSeconds\":60}");
    assertThat(plain.json().has("token")).isFalse();
    JsonNode renewed = renew(path, old, "{\"ttlSeconds\":60,\"newToken\":true}").json();
    String fresh = renewed.get("token").asText();

    assertThat(renewed.get("generation").asInt()).isEqualTo(2);
    assertThat(renew(path, old, "{}").problem()).isEqualTo("403 lease.token_stale");
    for (Map.Entry<String, String> use :
        Map.of("POST", path + "/exec", "DELETE", path).entrySet()) {
      assertThat(
              service
                  .http()
                  .send(use.getKey(), use.getValue(), old, "{\"argv\":[\"true\"]}")
                  .problem())
          .isEqualTo("403 lease.token_stale");
    }
    assertThat(send("/v1/leases", LEASE, "k").problem()).isEqualTo("403 lease.token_stale");
    assertThat(service.http().send("DELETE", path, fresh, "").status()).isEqualTo(204);
    assertThat(service.http().send("DELETE", path, fresh, "").status()).as("again").isEqualTo(204);
  }

  private RawHttp.Reply renew(String path, String token, String body) throws IOException {
    return service.http().send("POST", path + "/renew", token, body);
  }
}
