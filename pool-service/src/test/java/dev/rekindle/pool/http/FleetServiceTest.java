package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.pool.fleet.FleetLimits;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Several host processes, real ones that have no VMs. */
@Timeout(180)
class FleetServiceTest {
  private static final FleetLimits LIMITS = new FleetLimits(2, 3, 1, 300, 0);

  private TestService service;
  private RawHttp http;

  @BeforeEach
  void start(@TempDir Path state) throws Exception {
    service = new TestService(state, TestService.PANICKING_BUILDER, LIMITS);
    http = service.http();
  }

  @AfterEach
  void stop() throws Exception {
    service.close();
  }

  private JsonNode lease(String tenant) throws IOException {
    return service.lease("base", tenant, 60);
  }

  private RawHttp.Reply exec(JsonNode lease) throws IOException {
    return http.send(
        "POST",
        "/v1/leases/" + lease.get("id").asText() + "/exec",
        lease.get("token").asText(),
        "{\"argv\":[\"true\"]}");
  }

  private void release(JsonNode lease) throws IOException {
    String path = "/v1/leases/" + lease.get("id").asText();
    assertThat(http.send("DELETE", path, lease.get("token").asText(), "").status()).isEqualTo(204);
  }

  private JsonNode hostOf(String tenant) throws IOException {
    for (JsonNode host : service.status().path("hosts")) {
      for (JsonNode served : host.path("tenants")) {
        if (served.asText().equals(tenant)) {
          return host;
        }
      }
    }
    throw new AssertionError("no process serves " + tenant);
  }

  /** As {@code kill -9}. */
  private static void kill(JsonNode host) {
    assertThat(ProcessHandle.of(host.path("pid").asLong()).orElseThrow().destroyForcibly())
        .isTrue();
  }

  private JsonNode awaitStatus(Predicate<JsonNode> condition) throws Exception {
    JsonNode status = service.status();
    while (!condition.test(status)) {
      TimeUnit.MILLISECONDS.sleep(20);
      status = service.status();
    }
    return status;
  }

  private static boolean hasReadySpare(JsonNode status) {
    for (JsonNode host : status.path("hosts")) {
      if (host.path("state").asText().equals("ready")
          && host.path("tenancy").asText().equals("free")) {
        return true;
      }
    }
    return false;
  }

  @Test
  void shouldLoseOnlyTheLeasesOfTheProcessThatIsKilled() throws Exception {
    JsonNode first = lease("acme");
    JsonNode second = lease("acme");
    JsonNode other = lease("other");
    JsonNode killed = hostOf("acme");
    assertThat(killed.path("sandboxes").asInt()).isEqualTo(2);
    assertThat(hostOf("other").path("pid")).isNotEqualTo(killed.path("pid"));

    kill(killed);

    JsonNode lossCounted =
        awaitStatus(status -> {
          int restarts = 0;
          for (JsonNode host : status.path("hosts")) {
            restarts += host.path("restarts").asInt();
          }
          return restarts == 1 && hasReadySpare(status);
        });
    assertThat(lossCounted.path("leases").asInt()).isEqualTo(1);
    assertThat(exec(first).problem()).isEqualTo("410 lease.sandbox_lost");
    assertThat(exec(second).problem()).isEqualTo("410 lease.sandbox_lost");
    assertThat(exec(other).status()).isEqualTo(200);
    assertThat(exec(lease("acme")).status()).isEqualTo(200);
  }

  @Test
  void shouldNeverPutTwoTenantsIntoOneProcess() throws Exception {
    awaitStatus(FleetServiceTest::hasReadySpare);
    List<JsonNode> leases = new ArrayList<>();
    for (String tenant : List.of("", "acme", "other", "", "acme", "other")) {
      leases.add(lease(tenant));
    }

    Set<String> pids = new TreeSet<>();
    for (JsonNode host : service.status().path("hosts")) {
      assertThat(host.path("tenants").size()).as("%s", host).isEqualTo(1);
      assertThat(host.path("sandboxes").asInt() + host.path("parked").asInt())
          .isLessThanOrEqualTo(LIMITS.vmsPerHost());
      pids.add(host.path("pid").asText());
    }
    assertThat(pids).hasSize(3);
    RawHttp.Reply full = http.send("POST", "/v1/leases", "-", "{\"template\":\"base\"}");
    assertThat(full.problem()).isEqualTo("503 pool.exhausted");

    // A process that holds nothing any more makes place for one of another tenant.
    release(leases.get(1));
    release(leases.get(4));
    assertThat(exec(lease("fourth")).status()).isEqualTo(200);
    assertThat(hostOf("fourth").path("tenants").size()).isEqualTo(1);
  }

  @Test
  void shouldLetTenantsShareAProcessWhereThePoolAllowsIt() throws Exception {
    RawHttp.Reply pool = http.send("PUT", "/v1/pools/base", "-", "{\"tenantsShareHost\":true}");
    assertThat(pool.json().at("/spec/tenantsShareHost").asBoolean()).isTrue();

    lease("acme");
    lease("other");

    assertThat(hostOf("acme").path("pid")).isEqualTo(hostOf("other").path("pid"));
    assertThat(hostOf("acme").path("tenancy").asText()).isEqualTo("shared");
  }

  @Test
  void shouldReplaceTheSpareAsSoonAsItIsTaken() throws Exception {
    JsonNode before = awaitStatus(FleetServiceTest::hasReadySpare);
    assertThat(before.path("hosts")).hasSize(1);

    lease("acme");

    JsonNode after = awaitStatus(FleetServiceTest::hasReadySpare);
    assertThat(after.path("hosts")).hasSize(2);
  }

  @Test
  void shouldSpreadWhatAPoolKeepsOverProcesses() throws Exception {
    RawHttp.Reply put =
        http.send("PUT", "/v1/pools/base", "-", "{\"parked\":{\"min\":5},\"hosts\":\"own\"}");
    assertThat(put.status()).as(put.body()).isEqualTo(200);

    JsonNode pool = http.send("GET", "/v1/pools/base", "-", "").json();
    while (pool.at("/there/parked").asInt() < 5) {
      TimeUnit.MILLISECONDS.sleep(20);
      pool = http.send("GET", "/v1/pools/base", "-", "").json();
    }

    assertThat(pool.path("hosts")).hasSize(3);
    for (JsonNode host : service.status().path("hosts")) {
      assertThat(host.path("template").asText()).isEqualTo("base");
      assertThat(host.path("sandboxes").asInt() + host.path("parked").asInt())
          .isLessThanOrEqualTo(LIMITS.vmsPerHost());
    }
    for (int i = 0; i < 5; i++) {
      assertThat(lease("acme").path("served").asText()).isIn("parked", "new");
    }
  }
}
