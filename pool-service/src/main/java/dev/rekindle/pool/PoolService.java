package dev.rekindle.pool;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.hostclient.HostListener;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.pool.http.ApiServer;
import dev.rekindle.pool.lease.HostSandboxes;
import dev.rekindle.pool.lease.LeaseClock;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateBuilder;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.template.TemplateStore;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service's parts, wired. Thread: one event loop. */
public final class PoolService {
  private static final Logger LOG = LoggerFactory.getLogger(PoolService.class);
  private static final int RELEASE_SECONDS = 10;

  /**
   * The processes it starts; each list is a command up to the arguments of its main class.
   *
   * @param host a host process
   * @param builder builds a template
   */
  public record Programs(List<String> host, List<String> builder) {
    /** Copies both. */
    public Programs {
      host = List.copyOf(host);
      builder = List.copyOf(builder);
    }
  }

  private final ServiceConfig config;
  private final HostProcess host;
  private final LeaseTable leases;
  private final TemplateBuilder builder;
  private final ApiServer api;
  private HttpServer server;

  /**
   * @param vertx on one of whose event loops this is called, and all of it runs
   * @param config where and how much
   * @param programs what it starts
   * @throws IOException if the state directory cannot be made or read
   */
  public PoolService(Vertx vertx, ServiceConfig config, Programs programs) throws IOException {
    this.config = config;
    Files.createDirectories(config.stateDir());
    ServiceMetrics metrics = new ServiceMetrics();
    TemplateCatalog catalog = new TemplateCatalog(vertx, new TemplateStore(config.stateDir()));
    HostProcess.Launch launch =
        new HostProcess.Launch(programs.host(), config.stateDir(), config.shells());
    host = new HostProcess(vertx, launch, new Relay(), metrics::hostStarted);
    // The two know each other: pools how much is leased, leases what to do with a VM.
    Pools pools = new Pools(vertx, host::client, catalog, this::leased, config.stateDir());
    leases =
        new LeaseTable(
            vertx,
            config,
            new HostSandboxes(host::client, catalog, pools),
            catalog,
            pools,
            metrics,
            LeaseClock.system());
    builder = new TemplateBuilder(vertx, programs.builder(), config.stateDir(), catalog);
    api = new ApiServer(vertx, leases, catalog, pools, builder, host, metrics);
  }

  private int leased(String template) {
    return leases.count(template);
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

  /**
   * Starts a host process and listens; does not wait for the former.
   *
   * @return the server, which tells its port
   */
  public Future<HttpServer> start() {
    host.start();
    return api.listen(config).onSuccess(listening -> server = listening);
  }

  /**
   * Stops in order: no connection is accepted and no lease given any more, builds are ended,
   * running requests have their time and are broken off, then leases are released, then the host
   * process ends. What has not ended in its time ends with the host process, or is killed.
   *
   * @param grace for requests that run
   * @return done when all is gone; does not fail
   */
  public Future<Void> stop(Duration grace) {
    Future<Void> drained =
        server == null
            ? Future.succeededFuture()
            : server.shutdown(grace.toMillis(), TimeUnit.MILLISECONDS);
    leases.stop();
    builder.stop();
    return drained
        .otherwiseEmpty()
        .compose(_ -> leases.releaseAll().timeout(RELEASE_SECONDS, TimeUnit.SECONDS))
        .onFailure(e -> LOG.warn("not every lease was released: {}", e.toString()))
        .otherwiseEmpty()
        .compose(_ -> host.stop())
        .onFailure(e -> LOG.warn("the host process was not stopped in order: {}", e.toString()))
        .otherwiseEmpty();
  }
}
