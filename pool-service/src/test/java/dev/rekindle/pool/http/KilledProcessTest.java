package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** kill -9 in the middle of what a process does for the service: a typed error, and it goes on. */
@Timeout(120)
class KilledProcessTest {
  private TestService service;
  private RawHttp http;

  @BeforeEach
  void start(@TempDir Path state) throws Exception {
    service = new TestService(state, TestService.SLOW_BUILDER);
    http = service.http();
  }

  @AfterEach
  void stop() throws Exception {
    service.close();
  }

  private static CompletableFuture<RawHttp.Reply> send(
      RawHttp http, String method, String path, String body) {
    CompletableFuture<RawHttp.Reply> reply = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            reply.complete(http.send(method, path, "-", body));
          } catch (Exception e) {
            reply.completeExceptionally(e);
          }
        });
    return reply;
  }

  private static ProcessHandle await(Predicate<ProcessHandle> which) throws Exception {
    while (true) {
      List<ProcessHandle> found = ProcessHandle.current().children().filter(which).toList();
      if (!found.isEmpty()) {
        return found.getFirst();
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }
  }

  private static boolean isJava(ProcessHandle process) {
    return process.info().command().orElse("").endsWith("java");
  }

  @Test
  void shouldSayThatTheBuildFailedWhenItsProcessIsKilled() throws Exception {
    for (int i = 0; i < 2; i++) {
      CompletableFuture<RawHttp.Reply> build =
          send(http, "PUT", "/v1/templates/slow", "{\"rootfs\":{\"busybox\":true}}");
      ProcessHandle builder = await(p -> p.info().command().isPresent() && !isJava(p));

      builder.destroyForcibly();

      // The second time shows that the first left nothing that is in the way.
      assertThat(build.get(30, TimeUnit.SECONDS).problem()).isEqualTo("422 template.build_failed");
      JsonNode templates = http.send("GET", "/v1/templates", "-", "").json();
      assertThat(templates.path("building").isArray()).isTrue();
      assertThat(templates.path("building")).isEmpty();
    }
    assertThat(service.state().resolve("templates/slow.json")).doesNotExist();
    try (var snapshots = Files.walk(service.state())) {
      assertThat(snapshots).noneMatch(p -> p.getFileName().toString().startsWith(".unfinished"));
    }
    service.lease(60);
  }

  @Test
  void shouldBeginTheLeaseAnewAndAtLastRefuseItWhenItsHostProcessIsKilledEachTime()
      throws Exception {
    CompletableFuture<RawHttp.Reply> acquire =
        send(http, "POST", "/v1/leases", "{\"template\":\"base\",\"tenant\":\"never\"}");
    Path sign = service.state().resolve("acquiring");
    int kills = 0;
    while (!acquire.isDone()) {
      if (Files.deleteIfExists(sign)) {
        await(KilledProcessTest::isJava).destroyForcibly();
        kills++;
      }
      TimeUnit.MILLISECONDS.sleep(5);
    }

    assertThat(acquire.get().problem()).isEqualTo("503 host.unavailable");
    assertThat(kills).isEqualTo(3);
    assertThat(service.status().path("leases").asInt()).isZero();
    while (http.send("POST", "/v1/leases", "-", "{\"template\":\"base\"}").status() != 201) {
      TimeUnit.MILLISECONDS.sleep(20);
    }
  }
}
