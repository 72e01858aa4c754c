package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.net.ConnectException;
import java.net.Socket;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An orderly stop while there is work of every kind. */
@Timeout(120)
class ShutdownTest {
  private static final String NDJSON = "application/x-ndjson";

  @Test
  void shouldFinishWhatCanFinishAndLeaveNothing(@TempDir Path state) throws Exception {
    TestService service = new TestService(state, TestService.SLOW_BUILDER);
    RawHttp http = service.http();
    BufferedReader endless = begin(http, "/v1/run", run("sleep", "1000"));
    BufferedReader finishing =
        begin(
            http, "/v1/run", run("sh", "-c", "until [ -e " + state + "/go ]; do sleep 0.01; done"));
    for (String line = ""; !line.contains("\"started\""); line = endless.readLine()) {}
    for (String line = ""; !line.contains("\"started\""); line = finishing.readLine()) {}
    for (int i = 2; i < TestService.MAX_LEASES; i++) {
      service.lease(60);
    }
    BufferedReader waiting = begin(http, "/v1/leases", "{\"template\":\"base\"}");
    while (service.status().path("waiting").asInt() == 0) {
      Thread.sleep(10);
    }
    BufferedReader building =
        begin(
            http,
            "/v1/templates/slow",
            "{\"kernel\":{\"debian\":\"6.12\"},\"rootfs\":{\"busybox\":true}}");
    for (String line = ""; !line.contains("\"stage\""); line = building.readLine()) {}

    CompletableFuture<Void> stopped =
        CompletableFuture.runAsync(() -> {
          try {
            service.close();
          } catch (Exception e) {
            throw new IllegalStateException(e);
          }
        });

    // Who waits hears of it at once, and by then nobody is let in any more.
    assertThat(rest(waiting)).contains("\"code\":\"service.stopping\"");
    assertThat(rest(building)).contains("\"code\":\"service.stopping\"");
    assertThatThrownBy(() -> new Socket("127.0.0.1", service.port()).close())
        .isInstanceOf(ConnectException.class);
    assertThat(stopped).isNotDone();
    java.nio.file.Files.createFile(state.resolve("go"));
    assertThat(rest(finishing)).contains("{\"exit\":{\"exitCode\":0");
    assertThat(rest(endless)).doesNotContain("\"exit\"");
    stopped.get(60, TimeUnit.SECONDS);
    assertThat(ProcessHandle.current().descendants()).isEmpty();
    assertThat(state.resolve("run")).isEmptyDirectory();
  }

  private static String run(String... argv) {
    return "{\"template\":\"base\",\"exec\":{\"argv\":[\"" + String.join("\",\"", argv) + "\"]}}";
  }

  private static BufferedReader begin(RawHttp http, String path, String body) throws Exception {
    String method = path.startsWith("/v1/templates") ? "PUT" : "POST";
    Socket socket = http.begin(method, path, "-", NDJSON, body.length());
    socket.getOutputStream().write(body.getBytes());
    return RawHttp.lines(socket);
  }

  private static String rest(BufferedReader lines) throws Exception {
    StringBuilder all = new StringBuilder();
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      all.append(line).append('\n');
    }
    return all.toString();
  }
}
