package dev.rekindle.pool.sizing;

import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.function.ToIntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The pools: what is wanted of each, what was seen, what the host process has. Once a second each
 * is sized anew, and what changed is told to the host process. Thread: one event loop; the disk is
 * read and written elsewhere.
 */
public final class Pools {
  private static final Logger LOG = LoggerFactory.getLogger(Pools.class);
  private static final long TICK_MILLIS = 1_000;
  private static final int DEFAULT_MEMORY_MIB = 512;

  /**
   * A pool as it is.
   *
   * @param spec wanted by the operator
   * @param decision counts and why
   * @param evidence what they were derived from
   * @param level what the host process has; empty if it has not said
   * @param served acquires by how they were served
   */
  public record View(
      PoolSpec spec,
      Sizing.Decision decision,
      Sizing.Evidence evidence,
      Optional<HostReply.PoolLevel> level,
      Map<String, Long> served) {}

  private final Vertx vertx;
  private final Supplier<Future<HostClient>> host;
  private final TemplateCatalog templates;
  private final ToIntFunction<String> leased;
  private final PoolStore store;
  private final Map<String, PoolSpec> specs;
  private final Map<String, Demand> demands = new HashMap<>();
  private final Map<String, HostReply.PoolLevel> levels = new HashMap<>();

  /** By snapshot folder, what {@link #told} was told last. */
  private final Map<String, HostRequest.Pool> sent = new HashMap<>();

  private HostClient told;
  private boolean telling;

  /**
   * @param vertx whose event loop this runs on
   * @param host the host process, or a failure while there is none
   * @param templates what can be leased
   * @param leased how many sandboxes of a template are leased
   * @param stateDir where pools are kept
   * @throws IOException if that cannot be read
   */
  public Pools(
      Vertx vertx,
      Supplier<Future<HostClient>> host,
      TemplateCatalog templates,
      ToIntFunction<String> leased,
      Path stateDir)
      throws IOException {
    this.vertx = vertx;
    this.host = host;
    this.templates = templates;
    this.leased = leased;
    this.store = new PoolStore(stateDir);
    this.specs = new TreeMap<>(store.load());
    vertx.setPeriodic(TICK_MILLIS, _ -> tell());
  }

  /**
   * @return all pools by template
   */
  public Map<String, PoolSpec> all() {
    return specs;
  }

  /**
   * @param template its name
   * @return what is wanted; {@link PoolSpec#NONE} if nothing was said
   */
  public PoolSpec spec(String template) {
    return specs.getOrDefault(template, PoolSpec.NONE);
  }

  /**
   * Changes a pool, or makes it.
   *
   * @param template its name
   * @param spec wanted from now on
   * @return done when it is on disk
   */
  public Future<Void> put(String template, PoolSpec spec) {
    return vertx
        .executeBlocking(
            () -> {
              store.save(template, spec);
              return null;
            },
            true)
        .onSuccess(_ -> {
          specs.put(template, spec);
          tell();
        })
        .mapEmpty();
  }

  /**
   * Takes a pool away; what it kept is freed, leases go on.
   *
   * @param template its name
   * @return false if there was none
   */
  public Future<Boolean> remove(String template) {
    if (!specs.containsKey(template)) {
      return Future.succeededFuture(false);
    }
    return vertx
        .executeBlocking(
            () -> {
              store.delete(template);
              return true;
            },
            true)
        .onSuccess(_ -> {
          specs.remove(template);
          tell();
        });
  }

  /**
   * An acquire came.
   *
   * @param template of which
   */
  public void arrived(String template) {
    demand(template).arrived(System.nanoTime());
  }

  /**
   * An acquire was served.
   *
   * @param template of which
   * @param served how
   * @param micros without the queue
   */
  public void served(String template, String served, long micros) {
    demand(template).served(served, micros);
  }

  private Demand demand(String template) {
    return demands.computeIfAbsent(template, _ -> new Demand());
  }

  /**
   * Whether a pool's budgets have room for one more lease.
   *
   * @param template of which
   * @return true without budgets
   */
  public boolean admits(Template template) {
    int places = spec(template.name()).places(memoryMib(template), vcpus(template));
    return places == Integer.MAX_VALUE || leased.applyAsInt(template.name()) < places;
  }

  private static int memoryMib(Template template) {
    return Math.max(1, template.recipe().path("memoryMib").asInt(DEFAULT_MEMORY_MIB));
  }

  private static int vcpus(Template template) {
    return Math.max(1, template.recipe().path("vcpus").asInt(1));
  }

  /**
   * @param template there is a pool of
   * @return the pool as it is now
   */
  public View view(Template template) {
    PoolSpec spec = spec(template.name());
    Optional<HostReply.PoolLevel> level =
        Optional.ofNullable(levels.get(templates.snapshotDir(template).toString()));
    double makeSeconds = level.map(l -> l.makeMicros() / 1e6).orElse(0.0);
    double span = makeSeconds > 0 ? makeSeconds : Sizing.DEFAULT_MAKE_SECONDS;
    Demand demand = demand(template.name());
    long now = System.nanoTime();
    Sizing.Evidence evidence =
        new Sizing.Evidence(
            demand.perSecond(now),
            demand.burst(now, (long) (span * 1e9)),
            makeSeconds,
            demand.p99Micros("parked"),
            demand.p99Micros("shell"),
            leased.applyAsInt(template.name()));
    return new View(
        spec,
        Sizing.decide(spec, evidence, memoryMib(template), vcpus(template)),
        evidence,
        level,
        demand.counts());
  }

  /** Sends what has changed since, or all of it to a host process that is new. */
  private void tell() {
    if (telling || specs.isEmpty() && sent.isEmpty()) {
      return;
    }
    telling = true;
    host.get()
        .compose(this::tell)
        .onFailure(e -> LOG.debug("pools wait for a host process: {}", e.getMessage()))
        .onComplete(_ -> telling = false);
  }

  private Future<?> tell(HostClient client) {
    if (client != told) {
      told = client;
      sent.clear();
      levels.clear();
    }
    Map<String, HostRequest.Pool> wanted = new HashMap<>();
    for (String name : specs.keySet()) {
      templates.find(name).map(this::request).ifPresent(r -> wanted.put(r.snapshotDir(), r));
    }
    // What is no longer wanted, or was replaced by a template's next generation.
    sent.forEach((dir, old) ->
        wanted.putIfAbsent(dir, new HostRequest.Pool(dir, old.imagesDir(), 0, 0, old.warmUp())));
    Future<?> all = Future.succeededFuture();
    for (HostRequest.Pool request : wanted.values()) {
      if (!request.equals(sent.get(request.snapshotDir()))) {
        all = all.eventually(() -> send(client, request));
      }
    }
    return all.eventually(() -> learn(client));
  }

  private Future<?> send(HostClient client, HostRequest.Pool request) {
    boolean nothing = request.parked() == 0 && request.shells() == 0;
    return client
        .request(request, HostReply.Pool.class)
        .onSuccess(_ -> {
          if (nothing) {
            sent.remove(request.snapshotDir());
          } else {
            sent.put(request.snapshotDir(), request);
          }
        })
        .onFailure(e -> {
          LOG.warn("pool of {}: {}", request.snapshotDir(), e.getMessage());
          sent.remove(request.snapshotDir());
        });
  }

  private Future<?> learn(HostClient client) {
    return client
        .request(new HostRequest.Stats(), HostReply.Stats.class)
        .onSuccess(stats -> {
          levels.clear();
          stats.pools().forEach(level -> levels.put(level.snapshotDir(), level));
        });
  }

  private HostRequest.Pool request(Template template) {
    View view = view(template);
    return new HostRequest.Pool(
        templates.snapshotDir(template).toString(),
        templates.imagesDir().toString(),
        view.decision().parked(),
        view.decision().shells(),
        view.spec().warmUp());
  }
}
