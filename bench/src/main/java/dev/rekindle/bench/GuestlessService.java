package dev.rekindle.bench;

import dev.rekindle.pool.PoolService;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.jail.HostLimits;
import dev.rekindle.pool.jail.Jail;
import dev.rekindle.pool.jail.JailMode;
import dev.rekindle.pool.jail.JailSettings;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The service as it is, but for its host processes, which are {@link GuestlessHost}s. */
public final class GuestlessService extends VerticleBase {
  private final ServiceConfig config;

  private GuestlessService(ServiceConfig config) {
    this.config = config;
  }

  /**
   * @param args of {@link dev.rekindle.pool.PoolMain}
   * @throws Exception if the service does not start
   */
  public static void main(String... args) throws Exception {
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    vertx
        .deployVerticle(new GuestlessService(ServiceConfig.parse(Map.of(), args)))
        .await(60, TimeUnit.SECONDS);
  }

  /** Writes a template whose snapshot nobody looks at. */
  static void template(Path state, String name) throws IOException {
    Files.createDirectories(state.resolve("templates"));
    Files.writeString(
        state.resolve("templates/" + name + ".json"),
        "{\"name\":\""
            + name
            + "\",\"recipe\":{},\"snapshotId\":\""
            + name
            + "-0123456789ab\",\"generation\":1,\"createdAt\":\"2026-01-01T00:00:00Z\"}");
  }

  @Override
  public Future<?> start() throws Exception {
    List<String> host =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx128m",
            "-cp",
            System.getProperty("java.class.path"),
            GuestlessHost.class.getName());
    PoolService.Programs programs = new PoolService.Programs(host, List.of("false"));
    JailSettings unjailed = new JailSettings(JailMode.NEVER, "off", 64_000, HostLimits.DEFAULT);
    return new PoolService(
            vertx, config, programs, Jail.build(unjailed, config.stateDir(), programs.host()))
        .start();
  }
}
