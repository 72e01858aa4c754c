package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.rekindle.cli.doctor.CloneComparison;
import dev.rekindle.cli.doctor.CloneFacts;
import dev.rekindle.cli.doctor.Finding;
import dev.rekindle.cli.doctor.Level;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Against a service whose sandboxes are this machine: as like as clones can be. */
@Timeout(60)
class CloneSurveyTest {
  private static final long MAX_SKEW_NANOS = TimeUnit.SECONDS.toNanos(30);

  private final Set<String> held = new ConcurrentSkipListSet<>();
  private final AtomicInteger leases = new AtomicInteger();
  private int places = 8;
  private HttpServer server;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/v1/leases", this::handle);
    server.start();
  }

  @AfterEach
  void close() {
    server.stop(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    JsonNode body = ApiClient.JSON.readTree(exchange.getRequestBody().readAllBytes());
    String[] path = exchange.getRequestURI().getPath().split("/");
    if (exchange.getRequestMethod().equals("DELETE")) {
      held.remove(path[3]);
      answer(exchange, 204, "");
    } else if (path.length == 5) {
      answer(exchange, 200, run(body.path("argv")));
    } else if (held.size() == places) {
      answer(exchange, 503, "{\"code\":\"pool.exhausted\",\"detail\":\"full\"}");
    } else {
      String id = "sb-" + leases.incrementAndGet();
      held.add(id);
      answer(exchange, 201, "{\"id\":\"" + id + "\",\"token\":\"t\"}");
    }
  }

  private static String run(JsonNode argv) throws IOException {
    List<String> command = new ArrayList<>();
    argv.forEach(word -> command.add(word.asText()));
    Path out = Files.createTempFile("clone", ".out");
    try {
      new ProcessBuilder(command)
          .redirectOutput(out.toFile())
          .redirectError(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
      return ApiClient.JSON.createObjectNode().put("stdout", Files.readString(out)).toString();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    } finally {
      Files.delete(out);
    }
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(status, status == 204 ? -1 : bytes.length);
    if (status != 204) {
      exchange.getResponseBody().write(bytes);
    }
    exchange.close();
  }

  private CloneSurvey survey() {
    return new CloneSurvey(new ApiClient("127.0.0.1", server.getAddress().getPort()), "base");
  }

  private static Finding finding(List<Finding> findings, String check) {
    return findings.stream().filter(f -> f.check().equals(check)).findFirst().orElseThrow();
  }

  @Test
  void shouldSeeThatOneMachineIsNoThreeAndGiveThemBack() throws IOException {
    List<CloneFacts> clones = survey().take(3);

    List<Finding> findings = new CloneComparison(clones, MAX_SKEW_NANOS).findings();

    assertThat(findings)
        .extracting(Finding::check, Finding::level)
        .contains(
            tuple("clone-urandom", Level.OK),
            tuple("clone-uuid", Level.OK),
            tuple("clone-clock", Level.OK),
            tuple("clone-boot-id", Level.FAIL),
            tuple("clone-hostname", Level.FAIL),
            tuple("clone-lease", Level.FAIL));
    assertThat(finding(findings, "clone-urandom").found()).isEqualTo("3 distinct");
    assertThat(finding(findings, "clone-boot-id").found()).isEqualTo("equal in sb-1, sb-2, sb-3");
    assertThat(held).isEmpty();
    assertThat(FindingTable.print(findings, true, new Console())).isEqualTo(ExitCodes.FAILED);
  }

  @Test
  void shouldHoldNothingWhenOneCannotBeLeased() {
    places = 2;

    assertThatThrownBy(() -> survey().take(3))
        .isInstanceOf(CliException.class)
        .hasMessageContaining("pool.exhausted");

    assertThat(held).isEmpty();
    assertThat(leases).hasValue(2);
  }
}
