package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a server that says what the test wants, byte by byte. */
@Timeout(60)
class ApiClientTest {
  private static final String PROBLEM =
      "{\"type\":\"https://rekindle.dev/problems/lease.expired\",\"title\":\"t\",\"status\":410,"
          + "\"detail\":\"lease x: expired\",\"code\":\"lease.expired\"}";

  private ServerSocket server;
  private ApiClient client;

  @BeforeEach
  void listen() throws IOException {
    server = new ServerSocket(0, 8, InetAddress.getLoopbackAddress());
    client = new ApiClient("127.0.0.1", server.getLocalPort());
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  /** Answers one request, when its head has come, and closes. */
  private void answer(String text) {
    Thread.ofPlatform()
        .daemon()
        .start(() -> {
          try (Socket socket = server.accept()) {
            for (String line = " "; !line.isEmpty(); ) {
              line = ApiClient.line(socket.getInputStream());
            }
            socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            socket.shutdownOutput();
            socket.getInputStream().transferTo(java.io.OutputStream.nullOutputStream());
          } catch (IOException e) {
            // The client has left.
            Thread.currentThread().interrupt();
          }
        });
  }

  private static String of(int status, String body) {
    int length = body.getBytes(StandardCharsets.UTF_8).length;
    return "HTTP/1.1 " + status + " X\r\nContent-Length: " + length + "\r\n\r\n" + body;
  }

  @Test
  void shouldReadABodyOfKnownLength() throws IOException {
    answer(of(200, "{\"a\":\"grüße\"}"));

    ApiClient.Reply reply = client.get("/x");

    assertThat(reply.ok()).isTrue();
    assertThat(reply.body().path("a").asText()).isEqualTo("grüße");
  }

  @Test
  void shouldReadABodyInChunksAndOneUpToTheConnectionsEnd() throws IOException {
    answer(
        "HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n4\r\n{\"a\"\r\n3\r\n:1}\r\n0\r\n\r\n");
    assertThat(client.get("/x").body().path("a").asInt()).isEqualTo(1);

    answer("HTTP/1.0 200 OK\r\n\r\n{\"a\":2}");
    assertThat(client.get("/x").body().path("a").asInt()).isEqualTo(2);
  }

  @Test
  void shouldReadAnAnswerWithoutBody() throws IOException {
    answer("HTTP/1.1 204 No Content\r\n\r\n");

    ApiClient.Reply reply = client.request("DELETE", "/x", null, Map.of());

    assertThat(reply.status()).isEqualTo(204);
    assertThat(reply.body().isEmpty()).isTrue();
  }

  @Test
  void shouldTellAProblemByItsCodeAndDetail() throws IOException {
    answer(of(410, PROBLEM));

    ApiClient.Reply reply = client.get("/x");

    assertThat(reply.ok()).isFalse();
    assertThat(Commands.problem(reply.body())).isEqualTo("lease.expired: lease x: expired");
  }

  @Test
  void shouldShowTheGuestsConsoleWhereAProblemHasIt() throws IOException {
    JsonNode problem =
        ApiClient.JSON.readTree(
            "{\"code\":\"a.b\",\"detail\":\"d\",\"consoleTail\":\"last words\\n\\n\"}");

    assertThat(Commands.problem(problem)).isEqualTo("a.b: d\nconsole of the guest:\nlast words");
    assertThat(Commands.problem(ApiClient.JSON.readTree("{\"x\":1}")))
        .isEqualTo("error: {\"x\":1}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "SSH-2.0-OpenSSH_9\r\n\r\n",
        "HTTP/1.1 many OK\r\n\r\n",
        "HTTP/1.1 -200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 502 Bad Gateway\r\n\r\n<html>not ours</html>",
      })
  void shouldFailByAnErrorOfTheConnectionWhenTheAnswerIsNone(String text) {
    answer(text);

    assertThatThrownBy(() -> client.get("/x")).isInstanceOf(IOException.class);
  }

  @Test
  void shouldRefuseAHeadWithoutEnd() {
    answer("HTTP/1.1 200 OK\r\nX: " + "x".repeat(100_000) + "\r\n\r\n");

    assertThatThrownBy(() -> client.get("/x")).hasMessageContaining("a line of the answer's head");
  }

  @Test
  void shouldGiveLinesAsTheyComeWhileItsBodyIsOpen() throws IOException {
    answer(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\":1}\n\r\n5\r\n{\"b\":\r\n3\r\n2}\n\r\n0\r\n\r\n");
    List<JsonNode> lines = new ArrayList<>();

    ApiClient.Reply reply =
        client.stream("POST", "/x", Map.of("A", "b"), ApiClientTest::writeForEver, lines::add);

    assertThat(reply.status()).isEqualTo(200);
    assertThat(lines).map(JsonNode::toString).containsExactly("{\"a\":1}", "{\"b\":2}");
  }

  private static void writeForEver(java.io.OutputStream out) throws IOException {
    while (!Thread.currentThread().isInterrupted()) {
      out.write(new byte[1000]);
    }
  }

  @Test
  void shouldGiveTheProblemWhenAStreamIsRefusedWhileItsBodyIsOpen() throws IOException {
    answer(of(422, PROBLEM));

    ApiClient.Reply reply =
        client.stream("POST", "/x", Map.of(), ApiClientTest::writeForEver, line -> {});

    assertThat(reply.status()).isEqualTo(422);
    assertThat(reply.body().path("code").asText()).isEqualTo("lease.expired");
  }

  @Test
  void shouldFailWhenAStreamBreaksOff() {
    answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{\"a\":1}\n\r\n");

    assertThatThrownBy(() -> client.stream("POST", "/x", Map.of(), out -> {}, line -> {}))
        .isInstanceOf(IOException.class);
  }

  @Test
  void shouldNotBeReachableWhereNobodyListens() throws IOException {
    server.close();

    assertThat(client.reachable()).isFalse();
  }
}
