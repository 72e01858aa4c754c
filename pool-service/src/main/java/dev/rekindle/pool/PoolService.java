package dev.rekindle.pool;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.hostclient.HostListener;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.pool.http.ApiServer;
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
import java.util.List;

/** The service's parts, wired. Thread: one event loop. */
public final class PoolService {
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
    leases = new LeaseTable(vertx, config, host::client, catalog, pools, metrics);
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
    return api.listen(config);
  }

  /**
   * Stops in order: builds, leases, the host process.
   *
   * @return done when all is gone; does not fail
   */
  public Future<Void> stop() {
    builder.stop();
    return leases.releaseAll().otherwiseEmpty().eventually(host::stop).otherwiseEmpty();
  }
}
