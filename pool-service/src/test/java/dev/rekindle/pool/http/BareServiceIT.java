package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.snapshotter.template.BareTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Service, host process and VMs, all of them real: only the guest is none that a user would lease.
 * Runs on every /dev/kvm.
 */
@Tag("kvm")
@Timeout(180)
class BareServiceIT {
  private static final List<String> OUR_STAGES = List.of("queue", "placement", "socket", "total");

  @TempDir static Path state;
  private static TestService service;

  @BeforeAll
  static void start() throws Exception {
    BareTemplate.build(state, "bare", 16, (_, _, _) -> {});
    service = TestService.ofRealHost(state);
  }

  @AfterAll
  static void stop() throws Exception {
    service.close();
  }

  @Test
  void shouldLeaseExecuteAndRelease() throws Exception {
    JsonNode lease = lease("acme");

    JsonNode result = exec(lease, "[\"id\"]", "");

    assertThat(result.get("exitCode").asInt()).isZero();
    String[] lines = result.get("stdout").asText().split("\n");
    assertThat(lines[0]).isEqualTo(lease.get("hostname").asText());
    assertThat(lines[1]).matches("[0-9a-f]{32}");
    assertThat(lines[2]).isEqualTo(lease.get("id").asText());
    assertThat(lease.get("stagesMicros").fieldNames())
        .toIterable()
        .containsAll(OUR_STAGES)
        .contains("map", "state", "resume", "agent", "identity");

    assertThat(release(lease)).isEqualTo(204);
    assertThat(
            service
                .http()
                .send("POST", path(lease) + "/exec", token(lease), "{\"argv\":[\"true\"]}")
                .problem())
        .isEqualTo("410 lease.released");
  }

  @Test
  void shouldGiveTwoLeasesTwoIdentities() throws Exception {
    JsonNode first = lease("acme");
    JsonNode second = lease("acme");

    String[] one = exec(first, "[\"id\"]", "").get("stdout").asText().split("\n");
    String[] two = exec(second, "[\"id\"]", "").get("stdout").asText().split("\n");

    for (int i = 0; i < 3; i++) {
      assertThat(one[i]).isNotEqualTo(two[i]);
    }
    release(first);
    release(second);
  }

  @Test
  void shouldPassStandardInputThrough() throws Exception {
    String text = "0123456789abcdef".repeat(20_000);
    JsonNode lease = lease("acme");

    JsonNode result = exec(lease, "[\"cat\"]", text);

    assertThat(result.get("stdout").asText()).isEqualTo(text);
    release(lease);
  }

  @Test
  void shouldEndTheLeaseOfAGuestThatPanicked() throws Exception {
    JsonNode lease = lease("acme");

    RawHttp.Reply reply =
        service.http().send("POST", path(lease) + "/exec", token(lease), "{\"argv\":[\"panic\"]}");

    assertThat(reply.problem()).isEqualTo("410 sandbox.exited");
    // The command may end a moment before its lease does.
    RawHttp.Reply after = service.http().send("GET", path(lease), token(lease), "");
    while (after.status() == 200) {
      after = service.http().send("GET", path(lease), token(lease), "");
    }
    assertThat(after.problem()).isEqualTo("410 lease.sandbox_lost");
    assertThat(after.json().get("detail").asText()).contains("Kernel panic");
  }

  @Test
  void shouldServeParkedSandboxesAndRefill() throws Exception {
    RawHttp.Reply pool =
        service
            .http()
            .send(
                "PUT",
                "/v1/pools/bare",
                "-",
                "{\"parked\":{\"min\":2,\"max\":2},\"warmUp\":[\"echo\",\"warm\"]}");
    assertThat(pool.status()).as(pool.body()).isLessThan(300);
    List<Map<String, Long>> stages = new ArrayList<>();

    for (int i = 0; i < 20; i++) {
      while (parked() == 0) {
        Thread.sleep(10);
      }
      JsonNode lease = lease("acme");
      assertThat(lease.get("served").asText()).isEqualTo("parked");
      assertThat(exec(lease, "[\"echo\",\"hello\"]", "").get("stdout").asText())
          .isEqualTo("hello\n");
      assertThat(release(lease)).isEqualTo(204);
      stages.add(micros(lease));
    }

    System.out.println("bare guest over HTTP, parked, p50 of each stage in us: " + medians(stages));
    assertThat(service.http().send("DELETE", "/v1/pools/bare", "-", "").status()).isEqualTo(204);
  }

  private static int parked() throws IOException {
    return service.status().at("/host/parked").asInt();
  }

  private static JsonNode lease(String tenant) throws IOException {
    RawHttp.Reply reply =
        service
            .http()
            .send(
                "POST",
                "/v1/leases",
                "-",
                "{\"template\":\"bare\",\"tenant\":\"" + tenant + "\",\"ttlSeconds\":120}");
    assertThat(reply.status()).as(reply.body()).isEqualTo(201);
    return reply.json();
  }

  private static JsonNode exec(JsonNode lease, String argv, String stdin) throws IOException {
    RawHttp.Reply reply =
        service
            .http()
            .send(
                "POST",
                path(lease) + "/exec",
                token(lease),
                "{\"argv\":" + argv + ",\"stdin\":\"" + stdin + "\"}");
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    return reply.json();
  }

  private static int release(JsonNode lease) throws IOException {
    return service.http().send("DELETE", path(lease), token(lease), "").status();
  }

  private static String path(JsonNode lease) {
    return "/v1/leases/" + lease.get("id").asText();
  }

  private static String token(JsonNode lease) {
    return lease.get("token").asText();
  }

  private static Map<String, Long> micros(JsonNode lease) {
    Map<String, Long> micros = new LinkedHashMap<>();
    lease
        .get("stagesMicros")
        .properties()
        .forEach(e -> micros.put(e.getKey(), e.getValue().asLong()));
    return micros;
  }

  private static Map<String, Long> medians(List<Map<String, Long>> all) {
    Map<String, Long> medians = new LinkedHashMap<>();
    for (String stage : all.getLast().keySet()) {
      long[] sorted = all.stream().mapToLong(m -> m.getOrDefault(stage, 0L)).sorted().toArray();
      medians.put(stage, sorted[sorted.length / 2]);
    }
    return medians;
  }
}
