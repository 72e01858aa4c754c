package dev.rekindle.pool;

import dev.rekindle.pool.config.ServiceConfig;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service as a process. All of it runs on one event loop. */
public final class PoolMain extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(PoolMain.class);
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final int STOP_SECONDS = 28;

  private final ServiceConfig config;
  private PoolService service;

  private PoolMain(ServiceConfig config) {
    this.config = config;
  }

  /**
   * @param args see {@link ServiceConfig#USAGE}
   * @throws Exception if the service cannot start
   */
  public static void main(String... args) throws Exception {
    ServiceConfig config;
    try {
      config = ServiceConfig.parse(System.getenv(), args);
    } catch (IllegalArgumentException e) {
      System.err.println("rekindle: " + e.getMessage());
      System.exit(2);
      return;
    }
    Vertx vertx = Vertx.vertx(new VertxOptions().setEventLoopPoolSize(1));
    try {
      vertx.deployVerticle(new PoolMain(config)).await(60, TimeUnit.SECONDS);
    } catch (Exception e) {
      // Checked ones too, which await() throws undeclared: the event loop would keep a service
      // alive
      // that listens nowhere.
      LOG.error("the service cannot start", e);
      System.exit(1);
    }
  }

  @Override
  public Future<?> start() throws Exception {
    PoolService.Programs programs =
        new PoolService.Programs(
            java("dev.rekindle.snapshotter.host.HostMain", "256m"),
            java("dev.rekindle.snapshotter.template.BuilderMain", "512m"));
    service = new PoolService(vertx, config, programs);
    Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown, "shutdown"));
    return service
        .start()
        .onSuccess(server -> LOG.info("listening on {}:{}", config.host(), server.actualPort()));
  }

  private static List<String> java(String mainClass, String heap) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx" + heap,
        "-cp",
        System.getProperty("java.class.path"),
        mainClass);
  }

  private void shutDown() {
    Promise<Void> stopped = Promise.promise();
    context.runOnContext(_ -> service.stop(GRACE).onComplete(stopped));
    try {
      stopped.future().await(STOP_SECONDS, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException | RuntimeException e) {
      LOG.warn("not everything ended in order: {}", e.toString());
    }
  }
}
