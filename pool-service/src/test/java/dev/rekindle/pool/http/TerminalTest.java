package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.pool.config.AccessConfig;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.net.http.WebSocketHandshakeException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Terminals over WebSockets, with keys. */
@Timeout(120)
class TerminalTest {
  private static final String SHELL =
      "{\"argv\":[\"sh\",\"-c\",\"%s\"],\"terminal\":{\"rows\":24,\"columns\":80}}";

  private static TestService service;
  private static String operator;
  private static final HttpClient CLIENT = HttpClient.newHttpClient();

  @BeforeAll
  static void start(@TempDir Path state) throws Exception {
    service =
        new TestService(
            state, new AccessConfig(true, state.resolve("operator.key"), Optional.empty()));
    service.awaitReady();
    operator = Files.readString(state.resolve("operator.key")).strip();
  }

  @AfterAll
  static void stop() throws Exception {
    CLIENT.shutdownNow();
    service.close();
  }

  private static RawHttp.Reply send(String method, String path, String token, String body)
      throws Exception {
    return service.http().with("Authorization: Bearer " + operator).send(method, path, token, body);
  }

  private static JsonNode lease() throws Exception {
    return send("POST", "/v1/leases", "-", "{\"template\":\"base\"}").json();
  }

  private static void release(JsonNode lease) throws Exception {
    String path = "/v1/leases/" + lease.get("id").asText();
    send("DELETE", path, lease.get("token").asText(), "");
  }

  /** What came, text as it is, the bytes of output as text. */
  private static final class Seen implements WebSocket.Listener {
    private final BlockingQueue<String> said = new LinkedBlockingQueue<>();
    private final StringBuffer output = new StringBuffer();

    @Override
    public CompletionStage<?> onText(WebSocket socket, CharSequence data, boolean last) {
      said.add(data.toString());
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onBinary(WebSocket socket, ByteBuffer data, boolean last) {
      output.append(StandardCharsets.UTF_8.decode(data));
      socket.request(1);
      return null;
    }

    @Override
    public CompletionStage<?> onClose(WebSocket socket, int status, String reason) {
      said.add("closed " + status);
      return null;
    }

    String next() throws InterruptedException {
      return said.poll(60, TimeUnit.SECONDS);
    }

    void awaitOutput(String text) throws InterruptedException {
      for (int i = 0; i < 3000 && output.indexOf(text) < 0; i++) {
        Thread.sleep(20);
      }
      assertThat(output.toString()).contains(text);
    }
  }

  private static WebSocket open(JsonNode lease, String key, String token, Seen seen) {
    return CLIENT
        .newWebSocketBuilder()
        .subprotocols("rekindle.terminal.v1", "rekindle.key." + key, "rekindle.token." + token)
        .buildAsync(
            URI.create(
                "ws://127.0.0.1:"
                    + service.port()
                    + "/v1/leases/"
                    + lease.get("id").asText()
                    + "/terminal"),
            seen)
        .join();
  }

  private static WebSocket open(JsonNode lease, Seen seen) {
    return open(lease, operator, lease.get("token").asText(), seen);
  }

  @Test
  void shouldTypeShowResizeAndEnd() throws Exception {
    JsonNode lease = lease();
    Seen seen = new Seen();
    WebSocket socket = open(lease, seen);
    assertThat(socket.getSubprotocol()).isEqualTo("rekindle.terminal.v1");

    socket.sendText(SHELL.formatted("stty size; read x; echo got $x; exit 7"), true).join();
    assertThat(seen.next()).startsWith("{\"started\":{\"pid\":");
    seen.awaitOutput("24 80\r\n");
    socket.sendText("{\"resize\":{\"rows\":50,\"columns\":132}}", true).join();
    seen.awaitOutput("resized 50 132");
    socket.sendBinary(ByteBuffer.wrap("grüße\r".getBytes(StandardCharsets.UTF_8)), true).join();

    assertThat(seen.next()).isEqualTo("{\"exit\":{\"exitCode\":7,\"signal\":0}}");
    assertThat(seen.next()).isEqualTo("closed 1000");
    assertThat(seen.output.toString()).contains("got grüße");
    release(lease);
  }

  @Test
  void shouldEndWhenItsKeyIsRevoked() throws Exception {
    JsonNode lease = lease();
    JsonNode key = send("POST", "/v1/keys", "-", "{\"name\":\"t\",\"scopes\":[\"lease\"]}").json();
    Seen seen = new Seen();
    WebSocket socket = open(lease, key.get("key").asText(), lease.get("token").asText(), seen);
    socket.sendText(SHELL.formatted("sleep 600"), true).join();
    seen.next();

    send("DELETE", "/v1/keys/" + key.get("id").asText(), "-", "");

    assertThat(seen.next()).contains("auth.key_revoked");
    assertThat(seen.next()).isEqualTo("closed 1000");
    release(lease);
  }

  @Test
  void shouldEndWhenItsLeaseEnds() throws Exception {
    JsonNode lease = lease();
    Seen seen = new Seen();
    WebSocket socket = open(lease, seen);
    socket.sendText(SHELL.formatted("sleep 600"), true).join();
    seen.next();

    release(lease);

    assertThat(seen.next()).contains("lease.released");
  }

  @ParameterizedTest
  @CsvSource({
    "'{\"argv\":[\"sh\"]}', request.invalid",
    "'{\"argv\":[\"sh\"],\"terminal\":{\"rows\":0,\"columns\":1}}', request.invalid",
    "'[]', request.invalid",
    "'x', request.not_json"
  })
  void shouldRefuseAFirstMessageThatIsNoCommand(String message, String code) throws Exception {
    JsonNode lease = lease();
    Seen seen = new Seen();
    open(lease, seen).sendText(message, true).join();

    assertThat(seen.next()).contains("\"code\":\"" + code + "\"");
    assertThat(seen.next()).isEqualTo("closed 1000");
    release(lease);
  }

  @Test
  void shouldRefuseInputBeforeTheCommand() throws Exception {
    JsonNode lease = lease();
    Seen seen = new Seen();
    open(lease, seen).sendBinary(ByteBuffer.wrap(new byte[] {1}), true).join();

    assertThat(seen.next()).contains("request.invalid");
    release(lease);
  }

  @ParameterizedTest
  @CsvSource({"true, false, 403", "false, true, 401", "false, false, 401"})
  void shouldOpenForNeitherAWrongKeyNorAWrongToken(boolean key, boolean token, int status)
      throws Exception {
    JsonNode lease = lease();

    assertThatThrownBy(() ->
            open(
                lease,
                key ? operator : "rk_x",
                token ? lease.get("token").asText() : "wrong",
                new Seen()))
        .isInstanceOf(CompletionException.class)
        .cause()
        .isInstanceOfSatisfying(
            WebSocketHandshakeException.class,
            e -> assertThat(e.getResponse().statusCode()).isEqualTo(status));
    release(lease);
  }

  @Test
  void shouldRefuseWhatIsNoWebSocket() throws Exception {
    JsonNode lease = lease();
    String path = "/v1/leases/" + lease.get("id").asText() + "/terminal";

    assertThat(send("GET", path, lease.get("token").asText(), "").problem())
        .isEqualTo("400 request.invalid");
    release(lease);
  }

  @Test
  void shouldKillTheCommandWhenTheClientGoesAway(@TempDir Path folder) throws Exception {
    JsonNode lease = lease();
    Seen seen = new Seen();
    Path file = folder.resolve("alive");
    WebSocket socket = open(lease, seen);
    socket
        .sendText(SHELL.formatted("while :; do date > " + file + "; sleep 0.05; done"), true)
        .join();
    seen.next();
    for (int i = 0; i < 500 && Files.notExists(file); i++) {
      Thread.sleep(20);
    }

    socket.abort();

    boolean still = true;
    for (int i = 0; i < 100 && still; i++) {
      Files.deleteIfExists(file);
      Thread.sleep(300);
      still = Files.exists(file);
    }
    assertThat(still).isFalse();
    release(lease);
  }
}
