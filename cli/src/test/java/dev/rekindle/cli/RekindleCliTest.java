package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The command line as a process, and a service that says what the test wants. */
@Timeout(120)
class RekindleCliTest {
  private static final String EXEC = "/v1/leases/sb-1/exec";

  private record Answer(int status, String body) {}

  private record Result(int exitCode, String out, String err) {}

  private final Map<String, Answer> answers = new ConcurrentHashMap<>();
  private final Map<String, String> requests = new ConcurrentHashMap<>();
  private HttpServer server;

  @BeforeEach
  void listen() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 8);
    server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    server.createContext("/", this::handle);
    server.start();
    answers.put("GET /readyz", new Answer(200, "{\"ready\":true}"));
    answers.put("GET /v1/templates/base", new Answer(200, "{\"name\":\"base\"}"));
  }

  private void handle(HttpExchange exchange) throws IOException {
    String what = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
    String token = exchange.getRequestHeaders().getFirst("Rekindle-Lease-Token");
    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    requests.put(what, token == null ? body : token + " " + body);
    Answer answer =
        answers.getOrDefault(
            what, new Answer(404, "{\"code\":\"route.unknown\",\"detail\":\"" + what + "\"}"));
    exchange.sendResponseHeaders(answer.status, answer.status == 204 ? -1 : 0);
    if (answer.status != 204) {
      exchange.getResponseBody().write(answer.body.getBytes(StandardCharsets.UTF_8));
    }
    exchange.close();
  }

  @AfterEach
  void close() {
    server.stop(0);
  }

  private Result rekindle(String... args) throws Exception {
    return process("127.0.0.1:" + server.getAddress().getPort(), "", args);
  }

  private static Result process(String listen, String stdin, String... args) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                RekindleCli.class.getName()));
    command.addAll(List.of(args));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().put("REKINDLE_LISTEN", listen);
    builder.environment().remove("REKINDLE_LEASE_TOKEN");
    Path err = Files.createTempFile("rekindle", ".err");
    try {
      Process process = builder.redirectError(err.toFile()).start();
      try (var in = process.outputWriter()) {
        in.write(stdin);
      }
      String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      return new Result(process.waitFor(), out, Files.readString(err));
    } finally {
      Files.delete(err);
    }
  }

  private static String nobody() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return "127.0.0.1:" + free.getLocalPort();
    }
  }

  @Test
  void shouldStreamAndEndAsTheCommandDid() throws Exception {
    answers.put(
        "POST " + EXEC,
        new Answer(
            200,
            "{\"started\":{\"pid\":1}}\n{\"stdout\":\"grüße \"}\n{\"stdoutBase64\":\"QUI=\"}\n"
                + "{\"stderr\":\"oops\"}\n{\"exit\":{\"exitCode\":7,\"signal\":0}}\n"));

    Result result =
        process(
            "127.0.0.1:" + server.getAddress().getPort(),
            "input",
            "exec",
            "--token",
            "secret",
            "--env",
            "A=b",
            "--cwd",
            "/tmp",
            "--timeout",
            "3",
            "sb-1",
            "--",
            "cat",
            "-n");

    assertThat(result).isEqualTo(new Result(7, "grüße AB", "oops"));
    assertThat(requests.get("POST " + EXEC))
        .startsWith(
            "secret {\"argv\":[\"cat\",\"-n\"],\"env\":{\"A\":\"b\"},\"cwd\":\"/tmp\","
                + "\"timeoutSeconds\":3}\n")
        .endsWith("{\"stdinBase64\":\"aW5wdXQ=\"}\n");
  }

  @ParameterizedTest(name = "{0} {2}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          200 | {"exit":{"exitCode":-1,"signal":9}}                       | 137 |
          200 | {"exit":{"exitCode":-1,"signal":9,"timedOut":true}}       | 124 | time limit
          200 | {"exit":{"exitCode":-1,"signal":9,"outOfMemory":true}}    | 137 | no more memory
          200 | {"error":{"code":"lease.sandbox_lost","detail":"gone"}}   | 125 | lease.sandbox_lost: gone
          200 | {"started":{"pid":1}}                                     | 125 | ended the stream
          422 | {"code":"exec.not_found","detail":"no such command"}      | 127 | exec.not_found
          410 | {"code":"lease.expired","detail":"too late"}              | 125 | lease.expired: too late
          502 | <html>                                                    | 125 | no JSON
          """)
  void shouldTellTheEndsOfACommandApart(int status, String line, int exitCode, String said)
      throws Exception {
    answers.put("POST " + EXEC, new Answer(status, line + "\n"));

    Result result = rekindle("exec", "--token", "t", "sb-1", "--", "true");

    assertThat(result.exitCode).as(result.err).isEqualTo(exitCode);
    assertThat(result.err).contains(said == null ? "" : said);
    assertThat(result.out).isEmpty();
  }

  @Test
  void shouldRunFromNothingToTheCommandsExitCode() throws Exception {
    answers.put(
        "POST /v1/run",
        new Answer(
            200,
            "{\"lease\":{\"served\":\"shell\",\"template\":\"base\",\"stagesMicros\":{\"map\":7}}}\n"
                + "{\"stdout\":\"out\"}\n{\"exit\":{\"exitCode\":0}}\n"));

    Result result = rekindle("run", "--template", "base", "--", "true");

    assertThat(result.exitCode).as(result.err).isZero();
    assertThat(result.out).isEqualTo("out");
    assertThat(result.err).contains("served shell from base: map 7 µs");
    assertThat(requests.get("POST /v1/run")).contains("\"ttlSeconds\":3600");
  }

  @Test
  void shouldTellAServiceThatIsNotThere() throws Exception {
    String nobody = nobody();

    assertThat(process(nobody, "", "status").exitCode).isEqualTo(3);
    assertThat(process(nobody, "", "status").err).contains("rekindle up");
    assertThat(process(nobody, "", "exec", "--token", "t", "sb-1", "--", "true").exitCode)
        .isEqualTo(125);
  }

  @Test
  void shouldLeaseAndRelease() throws Exception {
    answers.put("POST /v1/leases", new Answer(201, "{\"id\":\"sb-1\",\"token\":\"secret\"}"));
    answers.put("DELETE /v1/leases/sb-1", new Answer(204, ""));

    assertThat(rekindle("lease", "--ttl", "9").out).isEqualTo("sb-1 secret\n");
    assertThat(requests.get("POST /v1/leases"))
        .isEqualTo("{\"template\":\"python\",\"ttlSeconds\":9}");
    assertThat(rekindle("release", "--token", "secret", "sb-1", "--json").out)
        .isEqualTo("{\"released\":\"sb-1\"}\n");
    assertThat(requests.get("DELETE /v1/leases/sb-1")).isEqualTo("secret ");
  }

  @Test
  void shouldTellTheServicesRefusal() throws Exception {
    answers.put(
        "POST /v1/leases", new Answer(503, "{\"code\":\"pool.exhausted\",\"detail\":\"full\"}"));

    Result result = rekindle("lease");

    assertThat(result).isEqualTo(new Result(1, "", "rekindle: pool.exhausted: full\n"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          nonsense                            | nonsense
          run                                 | CMD
          run --timeout soon -- true          | --timeout
          run --color red -- true             | --color
          exec sb-1 -- true                   | --token
          exec --token t                      | LEASE
          exec --token t sb-1                 | CMD
          exec --token t --env A sb-1 -- true | --env
          lease --ttl                         | --ttl
          release sb-1                        | --token
          template build                      | NAME
          doctor --clones -n 1                | --count
          doctor --clones -n many             | --count
          doctor --clones --max-skew -1       | --max-skew
          """)
  void shouldRefuseArgumentsThatAreNone(String args, String named) throws Exception {
    Result result = rekindle(args.split(" "));

    assertThat(result.exitCode).as(result.err).isEqualTo(2);
    assertThat(result.err).contains(named);
    assertThat(result.out).isEmpty();
    assertThat(requests).isEmpty();
  }

  @Test
  void shouldRefuseAnEnvironmentThatIsWrong() throws Exception {
    Result result = process("nowhere", "", "exec", "--token", "t", "sb-1", "--", "true");

    assertThat(result.exitCode).isEqualTo(2);
    assertThat(result.err)
        .isEqualTo("rekindle: REKINDLE_LISTEN must be HOST:PORT, got 'nowhere'\n");
  }
}
