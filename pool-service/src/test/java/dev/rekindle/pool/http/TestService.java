package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.pool.PoolService;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.hostclient.FakeHost;
import dev.rekindle.snapshotter.host.HostMain;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The service with a host process that has no VMs, and one template, {@code base}. */
final class TestService {
  static final int MAX_LEASES = 8;

  /** Of requests that run when the service stops. */
  static final Duration GRACE = Duration.ofSeconds(10);

  /** A builder that fails as a guest kernel's panic would. */
  static final List<String> PANICKING_BUILDER =
      List.of(
          "sh",
          "-c",
          "cat >&2; echo '{\"error\":{\"code\":\"template.kernel_panic\","
              + "\"message\":\"no\",\"consoleTail\":\"tail\"}}'",
          "sh");

  /** Builds {@code slow} until there is a file {@code go}, telling of it all the time. */
  static final List<String> SLOW_BUILDER =
      List.of(
          "sh",
          "-c",
          "cat >&2; until [ -e \"$2/go\" ]; do "
              + "echo '{\"stage\":\"rootfs\",\"percent\":1,\"message\":\"m\"}'; sleep 0.02; done; "
              + "echo '{\"error\":{\"code\":\"template.slow\",\"message\":\"no\"}}'",
          "sh");

  private final Vertx vertx;
  private final Path state;
  private int port;

  TestService(Path state, List<String> builder) throws Exception {
    this(withBase(state), fakeHost(), builder, 0);
  }

  /** The service with a host process that has VMs, and the templates that are there. */
  static TestService ofRealHost(Path state) throws Exception {
    List<String> host =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "--enable-native-access=ALL-UNNAMED",
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-cp",
            System.getProperty("java.class.path"),
            HostMain.class.getName());
    return new TestService(state, host, PANICKING_BUILDER, 2);
  }

  private TestService(Path state, List<String> host, List<String> builder, int shells)
      throws Exception {
    this.state = state;
    // One thread of each kind, so that their number is not a matter of chance.
    vertx =
        Vertx.vertx(
            new VertxOptions()
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setFileSystemOptions(
                    new FileSystemOptions().setFileCacheDir(state.resolve("cache").toString())));
    ServiceConfig config = new ServiceConfig("127.0.0.1", 0, state, MAX_LEASES, 400, shells);
    PoolService.Programs programs = new PoolService.Programs(host, builder);
    vertx.deployVerticle(new Wiring(config, programs)).await(20, TimeUnit.SECONDS);
  }

  private static Path withBase(Path state) throws IOException {
    Files.createDirectories(state.resolve("templates"));
    Files.writeString(
        state.resolve("templates/base.json"),
        "{\"name\":\"base\",\"recipe\":{},\"snapshotId\":\"base-0123456789ab\",\"generation\":1,"
            + "\"createdAt\":\"2026-01-01T00:00:00Z\"}");
    return state;
  }

  private final class Wiring extends VerticleBase {
    private final ServiceConfig config;
    private final PoolService.Programs programs;
    private PoolService service;

    Wiring(ServiceConfig config, PoolService.Programs programs) {
      this.config = config;
      this.programs = programs;
    }

    @Override
    public Future<?> start() throws Exception {
      service = new PoolService(vertx, config, programs);
      return service.start().onSuccess(server -> port = server.actualPort());
    }

    @Override
    public Future<?> stop() throws Exception {
      return service.stop(GRACE);
    }
  }

  private static List<String> fakeHost() {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:TieredStopAtLevel=1",
        "-XX:+UseSerialGC",
        "-Xmx128m",
        "-cp",
        System.getProperty("java.class.path"),
        FakeHost.class.getName());
  }

  int port() {
    return port;
  }

  Path state() {
    return state;
  }

  RawHttp http() {
    return new RawHttp(port);
  }

  JsonNode status() throws IOException {
    return http().send("GET", "/v1/status", "-", "").json();
  }

  /** A lease of {@code base}. */
  JsonNode lease(int ttlSeconds) throws IOException {
    RawHttp.Reply reply =
        http()
            .send(
                "POST",
                "/v1/leases",
                "-",
                "{\"template\":\"base\",\"ttlSeconds\":" + ttlSeconds + "}");
    assertThat(reply.status()).as(reply.body()).isEqualTo(201);
    return reply.json();
  }

  void close() throws Exception {
    vertx.close().await(40, TimeUnit.SECONDS);
  }
}
