package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.rekindle.pool.PoolService;
import dev.rekindle.pool.config.AccessConfig;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.fleet.FleetLimits;
import dev.rekindle.pool.hostclient.FakeHost;
import dev.rekindle.pool.jail.HostLimits;
import dev.rekindle.pool.jail.Jail;
import dev.rekindle.pool.jail.JailMode;
import dev.rekindle.pool.jail.JailSettings;
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

  /** So that what the process holds is what the service holds. */
  static final FleetLimits ONE_HOST = new FleetLimits(32, 1, 1, 300, 0);

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
  private Wiring wiring;
  private int port;

  TestService(Path state, List<String> builder) throws Exception {
    this(state, builder, ONE_HOST);
  }

  /** As the other, reached in some way of its own; does not wait until it is ready. */
  TestService(Path state, AccessConfig access) throws Exception {
    this(withBase(state), fakeHost(), PANICKING_BUILDER, ONE_HOST, access);
  }

  /** With as many host processes, all without VMs. */
  TestService(Path state, List<String> builder, FleetLimits hosts) throws Exception {
    this(withBase(state), fakeHost(), builder, hosts, AccessConfig.of(state));
    awaitReady();
  }

  /** The service with one host process that has VMs, and the templates that are there. */
  static TestService ofRealHost(Path state) throws Exception {
    return ofRealHosts(state, new FleetLimits(32, 1, 1, 300, 2));
  }

  /** With as many host processes. */
  static TestService ofRealHosts(Path state, FleetLimits hosts) throws Exception {
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
    return new TestService(state, host, PANICKING_BUILDER, hosts, AccessConfig.of(state))
        .awaitReady();
  }

  private TestService(
      Path state, List<String> host, List<String> builder, FleetLimits hosts, AccessConfig access)
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
    ServiceConfig config =
        new ServiceConfig(
            "127.0.0.1", 0, state, MAX_LEASES, 400, hosts, JailSettings.DEFAULT, access);
    PoolService.Programs programs = new PoolService.Programs(host, builder);
    wiring = new Wiring(config, programs);
    vertx.deployVerticle(wiring).await(20, TimeUnit.SECONDS);
  }

  /** Waits for a host process, for which nobody needs a key. */
  TestService awaitReady() throws Exception {
    while (http().send("GET", "/readyz", "-", "").status() != 200) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return this;
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
      // What stands in for a host process runs commands of this machine.
      JailMode mode =
          programs.host().contains(HostMain.class.getName()) ? JailMode.AUTO : JailMode.NEVER;
      JailSettings settings = new JailSettings(mode, "kill", 64_000, HostLimits.DEFAULT);
      Jail jail = Jail.build(settings, config.stateDir(), programs.host());
      service = new PoolService(vertx, config, programs, jail);
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

  /** Runs an action, on another thread, when a successor was asked for and may start. */
  void onHandedOver(Runnable action) {
    wiring.service.handedOver().onSuccess(_ -> new Thread(action, "handed-over").start());
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

  /** A lease of {@code base} for nobody in particular. */
  JsonNode lease(int ttlSeconds) throws IOException {
    return lease("base", "", ttlSeconds);
  }

  JsonNode lease(String template, String tenant, int ttlSeconds) throws IOException {
    String body =
        "{\"template\":\"%s\",\"tenant\":\"%s\",\"ttlSeconds\":%d}"
            .formatted(template, tenant, ttlSeconds);
    RawHttp.Reply reply = http().send("POST", "/v1/leases", "-", body);
    assertThat(reply.status()).as(reply.body()).isEqualTo(201);
    return reply.json();
  }

  void close() throws Exception {
    vertx.close().await(40, TimeUnit.SECONDS);
  }
}
