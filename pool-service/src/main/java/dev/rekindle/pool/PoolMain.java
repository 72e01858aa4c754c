package dev.rekindle.pool;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.hostclient.HostListener;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.pool.http.ApiServer;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.pool.template.TemplateBuilder;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.template.TemplateStore;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service: wiring only. All of it runs on one event loop. */
public final class PoolMain extends VerticleBase {
  private static final Logger LOG = LoggerFactory.getLogger(PoolMain.class);

  private final ServiceConfig config;
  private HostProcess host;
  private LeaseTable leases;
  private TemplateBuilder builder;

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
    } catch (RuntimeException e) {
      LOG.error("the service cannot start", e);
      System.exit(1);
    }
  }

  @Override
  public Future<?> start() throws Exception {
    Files.createDirectories(config.stateDir());
    ServiceMetrics metrics = new ServiceMetrics();
    TemplateCatalog catalog = new TemplateCatalog(vertx, new TemplateStore(config.stateDir()));
    HostProcess.Launch launch =
        new HostProcess.Launch(
            java("dev.rekindle.snapshotter.host.HostMain", "256m"),
            config.stateDir(),
            config.shells());
    host = new HostProcess(vertx, launch, new Relay(), metrics::hostStarted);
    leases = new LeaseTable(vertx, config, host::client, catalog, metrics);
    builder =
        new TemplateBuilder(
            vertx,
            java("dev.rekindle.snapshotter.template.BuilderMain", "512m"),
            config.stateDir(),
            catalog);
    host.start();
    Runtime.getRuntime().addShutdownHook(new Thread(this::shutDown, "shutdown"));
    return new ApiServer(vertx, leases, catalog, builder, host, metrics)
        .listen(config)
        .onSuccess(server -> LOG.info("listening on {}:{}", config.host(), server.actualPort()));
  }

  /** The host process's news go to the leases, which are made after it. */
  private final class Relay implements HostListener {
    @Override
    public void sandboxExited(String sandboxId, String reason, String consoleTail) {
      leases.sandboxExited(sandboxId, reason, consoleTail);
    }

    @Override
    public void hostLost() {
      leases.hostLost();
    }
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
    builder.stop();
    try {
      leases.releaseAll().await(10, TimeUnit.SECONDS);
      host.stop().await(15, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException | RuntimeException e) {
      LOG.warn("not everything ended in order: {}", e.toString());
    }
  }
}
