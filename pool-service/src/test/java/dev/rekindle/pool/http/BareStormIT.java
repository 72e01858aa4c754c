package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.snapshotter.template.BareTemplate;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Far more leases at once than there are places, on real VMs. */
@Tag("kvm")
@Timeout(240)
class BareStormIT {
  private static final int LEASES = 200;
  private static final String LEASE = "{\"template\":\"bare\",\"ttlSeconds\":120}";

  @TempDir static Path state;
  private static TestService service;

  @BeforeAll
  static void start() throws Exception {
    BareTemplate.build(state, "bare", 16, (_, _, _) -> {});
    service = TestService.ofRealHost(state);
    String pool = "{\"parked\":{\"min\":4},\"shells\":{\"min\":4}}";
    assertThat(service.http().send("PUT", "/v1/pools/bare", "-", pool).status()).isEqualTo(200);
  }

  @AfterAll
  static void stop() throws Exception {
    service.close();
  }

  @Test
  void shouldServeEveryOneAndHoldNothingAfterwards() throws Exception {
    all(LEASES, BareStormIT::leaseRunAndRelease);
    JsonNode calm = awaitCalm();

    List<String> served = all(LEASES, BareStormIT::leaseRunAndRelease);

    assertThat(served).hasSize(LEASES).allMatch(s -> List.of("parked", "shell", "new").contains(s));
    JsonNode after = awaitCalm();
    assertThat(after.path("host").path("fds").asInt())
        .isLessThanOrEqualTo(calm.path("host").path("fds").asInt() + 40);
    assertThat(after.path("host").path("mappings").asInt())
        .isLessThanOrEqualTo(calm.path("host").path("mappings").asInt() + 120);
  }

  @Test
  void shouldForgetThoseWhoseClientsLeave() throws Exception {
    all(
        60,
        () -> {
          Socket socket =
              service.http().begin("POST", "/v1/leases", "-", "application/json", LEASE.length());
          socket.getOutputStream().write(LEASE.getBytes(StandardCharsets.US_ASCII));
          RawHttp.reset(socket);
          return socket;
        });

    awaitCalm();
    assertThat(leaseRunAndRelease()).isNotNull();
  }

  private static String leaseRunAndRelease() throws IOException {
    RawHttp.Reply reply = service.http().send("POST", "/v1/leases", "-", LEASE);
    assertThat(reply.status()).as(reply.body()).isEqualTo(201);
    JsonNode lease = reply.json();
    String path = "/v1/leases/" + lease.get("id").asText();
    String token = lease.get("token").asText();
    RawHttp.Reply ran = service.http().send("POST", path + "/exec", token, "{\"argv\":[\"true\"]}");
    assertThat(ran.json().path("exitCode").asInt(-1)).as(ran.body()).isZero();
    assertThat(service.http().send("DELETE", path, token, "").status()).isEqualTo(204);
    return lease.get("served").asText();
  }

  /** No lease, nobody waiting, no sandbox, and the pool full again. */
  private static JsonNode awaitCalm() throws Exception {
    while (true) {
      JsonNode status = service.http().send("GET", "/v1/status", "-", "").json();
      if (status.path("leases").asInt() == 0
          && status.path("waiting").asInt() == 0
          && status.path("host").path("sandboxes").asInt() == 0
          && status.path("host").path("parked").asInt() == 4) {
        return status;
      }
      Thread.sleep(50);
    }
  }

  private static <T> List<T> all(int count, Callable<T> work) throws Exception {
    List<T> results = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        futures.add(threads.submit(work));
      }
      for (Future<T> future : futures) {
        results.add(future.get());
      }
    }
    return results;
  }
}
