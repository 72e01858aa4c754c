package dev.rekindle.pool;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The service as a process with the real host process, which needs no KVM to start. */
@Timeout(120)
class PoolMainTest {
  private static final Pattern LISTENING = Pattern.compile(".*listening on 127\\.0\\.0\\.1:(\\d+)");

  private static final int MAX_SECONDS = 90;

  @TempDir private Path state;
  private Process process;

  private BufferedReader start(String... args) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                PoolMain.class.getName(),
                "--state",
                state.toString()));
    command.addAll(List.of(args));
    process = new ProcessBuilder(command).redirectErrorStream(true).start();
    // Whoever reads its output to the end does not wait for ever.
    Process started = process;
    CompletableFuture.delayedExecutor(MAX_SECONDS, TimeUnit.SECONDS)
        .execute(started::destroyForcibly);
    return process.inputReader();
  }

  @AfterEach
  void stop() {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  @Test
  void shouldServeAndStopInOrderOnSigterm() throws Exception {
    BufferedReader log = start("--listen", "127.0.0.1:0");
    Matcher listening = LISTENING.matcher(log.readLine());
    while (!listening.matches()) {
      listening.reset(log.readLine());
    }
    URI ready = URI.create("http://127.0.0.1:" + listening.group(1) + "/readyz");
    try (HttpClient http = HttpClient.newHttpClient()) {
      HttpRequest request = HttpRequest.newBuilder(ready).build();
      while (http.send(request, BodyHandlers.discarding()).statusCode() != 200) {
        Thread.sleep(20);
      }
    }
    List<ProcessHandle> hosts = process.children().toList();
    assertThat(hosts).hasSize(1);

    process.toHandle().destroy();

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(143);
    assertThat(hosts).noneMatch(ProcessHandle::isAlive);
    assertThat(state.resolve("run")).isEmptyDirectory();
    assertThat(log.lines()).noneMatch(line -> line.contains("ERROR") || line.contains("WARN"));
  }

  @Test
  void shouldLeaveNothingWhenItsAddressIsTaken() throws Exception {
    try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      BufferedReader log = start("--listen", "127.0.0.1:" + taken.getLocalPort());

      assertThat(log.lines().toList()).anyMatch(line -> line.contains("Address already in use"));
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).isEqualTo(1);
      assertThat(state.resolve("run")).isEmptyDirectory();
    }
  }

  @Test
  void shouldRefuseArgumentsThatAreNone() throws Exception {
    BufferedReader log = start("--max-leases", "0");

    assertThat(log.lines()).containsExactly("rekindle: max-leases must be in [1, 10000], got 0");
    assertThat(process.waitFor()).isEqualTo(2);
  }
}
