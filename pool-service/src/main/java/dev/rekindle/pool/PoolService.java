package dev.rekindle.pool;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.auth.ApiKeys;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.feed.LeaseFeed;
import dev.rekindle.pool.fleet.FleetListener;
import dev.rekindle.pool.fleet.HostFleet;
import dev.rekindle.pool.http.ApiServer;
import dev.rekindle.pool.jail.Jail;
import dev.rekindle.pool.jail.JailLauncher;
import dev.rekindle.pool.journal.BootClock;
import dev.rekindle.pool.journal.LeaseJournal;
import dev.rekindle.pool.lease.HostSandboxes;
import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseClock;
import dev.rekindle.pool.lease.LeaseObserver;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateBuilder;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.index.IndexKeeper;
import dev.rekindle.snapshotter.index.IndexKeys;
import dev.rekindle.snapshotter.template.TemplateStore;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The service's parts, wired. Thread: one event loop. */
public final class PoolService {
  private static final Logger LOG = LoggerFactory.getLogger(PoolService.class);
  private static final int RELEASE_SECONDS = 10;
  private static final Duration HAND_OVER_GRACE = Duration.ofSeconds(5);

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

  private final Vertx vertx;
  private final ServiceConfig config;
  private final IndexKeeper index;
  private final Jail jail;
  private final LeaseJournal journal;
  private final HostFleet hosts;
  private final LeaseTable leases;
  private final TemplateBuilder builder;
  private final ApiServer api;
  private final Promise<Void> handedOver = Promise.promise();
  private HttpServer server;
  private Future<Void> ending;

  /**
   * @param vertx on one of whose event loops this is called, and all of it runs
   * @param config where and how much
   * @param programs what it starts
   * @param jail where host processes live; closed with the service
   * @throws IOException if the state directory cannot be made or read
   */
  public PoolService(Vertx vertx, ServiceConfig config, Programs programs, Jail jail)
      throws IOException {
    this.vertx = vertx;
    this.config = config;
    this.jail = jail;
    Files.createDirectories(config.stateDir());
    ServiceMetrics metrics = new ServiceMetrics();
    // First of all: it keeps a second service out.
    journal = new LeaseJournal(LeaseTable.directory(config), BootClock.bootId(), metrics);
    TemplateStore store = new TemplateStore(config.stateDir());
    IndexKeys indexKeys = IndexKeys.open(config.stateDir());
    index = new IndexKeeper(config.stateDir(), indexKeys, TemplateCatalog.entries(store));
    TemplateCatalog catalog = new TemplateCatalog(vertx, store, index);
    HostFleet.Start start =
        new HostFleet.Start(
            new JailLauncher(jail),
            withIndexKey(programs.host(), indexKeys.publicKey()),
            config.stateDir());
    hosts = new HostFleet(vertx, config.hosts(), start, new Relay(), count(metrics));
    // The two know each other: pools how much is leased, leases what to do with a VM.
    Pools pools = new Pools(vertx, hosts, catalog, this::leased, config.stateDir());
    ApiKeys keys = new ApiKeys(vertx, config.stateDir(), config.keysRequired(), Clock.systemUTC());
    if (config.keysRequired()) {
      keys.provideOperator(config.access().operatorKey());
    }
    LeaseFeed feed = new LeaseFeed(vertx, InstantSource.system());
    leases =
        new LeaseTable(
            vertx,
            config,
            new HostSandboxes(hosts, catalog, pools),
            catalog,
            pools,
            metrics,
            LeaseClock.system(),
            new Observers(keys, feed),
            journal);
    builder = new TemplateBuilder(vertx, programs.builder(), config.stateDir(), catalog);
    api =
        new ApiServer(
            vertx,
            leases,
            catalog,
            pools,
            builder,
            hosts,
            jail,
            metrics,
            keys,
            feed,
            this::handOver);
  }

  private void handOver() {
    handOver(HAND_OVER_GRACE).onComplete(handedOver);
  }

  /**
   * @return done when a successor was asked for and may start: this process is to end
   */
  public Future<Void> handedOver() {
    return handedOver.future();
  }

  private static List<String> withIndexKey(List<String> host, String publicKey) {
    List<String> command = new ArrayList<>(host);
    command.addAll(List.of("--index-key", publicKey));
    return command;
  }

  private static HostFleet.Counter count(ServiceMetrics metrics) {
    return new HostFleet.Counter() {
      @Override
      public void hostStarted() {
        metrics.hostStarted();
      }

      @Override
      public void hostLost() {
        metrics.hostLost();
      }
    };
  }

  private int leased(String template) {
    return leases.count(template);
  }

  private record Observers(ApiKeys keys, LeaseFeed feed) implements LeaseObserver {
    @Override
    public void given(Lease lease) {
      feed.given(lease);
    }

    @Override
    public void ended(Lease lease, String reason) {
      keys.leaseEnded(lease.id());
      feed.ended(lease, reason);
    }

    @Override
    public void refused(String code) {
      feed.refused(code);
    }
  }

  /** The host processes' news go to the leases, which are made after them. */
  private final class Relay implements FleetListener {
    @Override
    public void sandboxExited(String sandboxId, String reason, String consoleTail) {
      leases.sandboxExited(sandboxId, reason, consoleTail);
    }

    @Override
    public void hostLost(Collection<String> sandboxIds) {
      leases.hostLost(sandboxIds);
    }
  }

  /**
   * Takes over what an earlier service has left, starts host processes and listens; does not wait
   * for processes that it starts.
   *
   * @return the server, which tells its port
   */
  public Future<HttpServer> start() {
    return leases
        .takeOver()
        .compose(_ -> {
          hosts.start();
          return api.listen(config);
        })
        .onSuccess(listening -> {
          server = listening;
          index.start();
        });
  }

  /**
   * Stops in order: no connection is accepted and no lease given any more, builds are ended,
   * running requests have their time and are broken off, then leases are released, then the host
   * processes end. What has not ended in its time ends with its host process, or is killed.
   *
   * @param grace for requests that run
   * @return done when all is gone; does not fail
   */
  public Future<Void> stop(Duration grace) {
    return end(
        grace,
        () ->
            leases
                .releaseAll()
                .timeout(RELEASE_SECONDS, TimeUnit.SECONDS)
                .onFailure(e -> LOG.warn("not every lease was released: {}", e.toString()))
                .transform(_ -> hosts.stop())
                .onFailure(e -> LOG.warn("not every host process was stopped: {}", e.toString()))
                .transform(_ -> vertx.executeBlocking(this::closeJail, false))
                .onFailure(e -> LOG.warn("something of the jail stays behind: {}", e.toString())));
  }

  /**
   * Stops for a successor: as {@link #stop}, but leases go on and host processes are let go of.
   *
   * @param grace for requests that run
   * @return done when the successor may start; does not fail
   */
  public Future<Void> handOver(Duration grace) {
    return end(grace, hosts::leave);
  }

  private Future<Void> end(Duration grace, Supplier<Future<Void>> last) {
    if (ending == null) {
      ending = drainAnd(grace, last);
    }
    return ending;
  }

  private Future<Void> drainAnd(Duration grace, Supplier<Future<Void>> last) {
    Future<Void> drained =
        server == null
            ? Future.succeededFuture()
            : server.shutdown(grace.toMillis(), TimeUnit.MILLISECONDS);
    leases.stop();
    builder.stop();
    api.stop();
    index.close();
    return drained
        .transform(_ -> last.get())
        .transform(_ -> vertx.executeBlocking(this::closeJournal, false))
        .onFailure(e -> LOG.warn("the journal of leases was not closed: {}", e.toString()))
        .otherwiseEmpty();
  }

  private Void closeJail() throws IOException {
    jail.close();
    return null;
  }

  private Void closeJournal() throws IOException {
    journal.close();
    return null;
  }
}
