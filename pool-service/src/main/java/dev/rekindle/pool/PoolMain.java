package dev.rekindle.pool;

import dev.rekindle.pool.config.ServiceConfig;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service as a process. All of it runs on one event loop. */
public final class PoolMain extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(PoolMain.class);
  private static final Duration GRACE = Duration.ofSeconds(5);
  private static final int STOP_SECONDS = 28;

  /**
   * A host process allocates little, lives long and must be small: a young generation that stays in
   * the processor's cache, one compiler, no profile that only the second would read.
   */
  private static final List<String> HOST_JVM =
      List.of(
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=1",
          "-Xms12m",
          "-Xmn4m",
          "-Xmx256m",
          "-Xss512k",
          "-XX:ReservedCodeCacheSize=32m",
          "-XX:-UsePerfData");

  private static final List<String> BUILDER_JVM =
      List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx512m");

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
            java("dev.rekindle.snapshotter.host.HostMain", HOST_JVM),
            java("dev.rekindle.snapshotter.template.BuilderMain", BUILDER_JVM));
    service = new PoolService(vertx, config, programs);
    Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown, "shutdown"));
    return service
        .start()
        .onSuccess(server -> LOG.info("listening on {}:{}", config.host(), server.actualPort()));
  }

  private static List<String> java(String mainClass, List<String> options) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(options);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), mainClass));
    return command;
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
