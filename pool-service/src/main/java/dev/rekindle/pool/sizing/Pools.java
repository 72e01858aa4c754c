package dev.rekindle.pool.sizing;

import dev.rekindle.pool.fleet.PoolWant;
import dev.rekindle.pool.fleet.Stock;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToIntFunction;

/**
 * The pools: what is wanted of each, what was seen, what there is. Once a second each is sized
 * anew. Thread: one event loop; the disk is read and written elsewhere.
 */
public final class Pools {
  private static final long TICK_MILLIS = 1_000;
  private static final int DEFAULT_MEMORY_MIB = 512;

  /**
   * A pool as it is.
   *
   * @param spec wanted by the operator
   * @param decision counts and why
   * @param evidence what they were derived from
   * @param level what host processes have; empty if none has said
   * @param served acquires by how they were served
   */
  public record View(
      PoolSpec spec,
      Sizing.Decision decision,
      Sizing.Evidence evidence,
      Optional<HostReply.PoolLevel> level,
      Map<String, Long> served) {}

  private final Vertx vertx;
  private final Stock stock;
  private final TemplateCatalog templates;
  private final ToIntFunction<String> leased;
  private final PoolStore store;
  private final Map<String, PoolSpec> specs;
  private final Map<String, Demand> demands = new HashMap<>();

  /**
   * @param vertx whose event loop this runs on
   * @param stock keeps what is wanted
   * @param templates what can be leased
   * @param leased how many sandboxes of a template are leased
   * @param stateDir where pools are kept
   * @throws IOException if that cannot be read
   */
  public Pools(
      Vertx vertx,
      Stock stock,
      TemplateCatalog templates,
      ToIntFunction<String> leased,
      Path stateDir)
      throws IOException {
    this.vertx = vertx;
    this.stock = stock;
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
    Optional<HostReply.PoolLevel> level = stock.level(templates.snapshotDir(template).toString());
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

  /** Has kept what is wanted now. */
  private void tell() {
    List<PoolWant> wants = new ArrayList<>();
    for (String name : specs.keySet()) {
      templates.find(name).map(this::want).ifPresent(wants::add);
    }
    stock.keep(wants);
  }

  private PoolWant want(Template template) {
    View view = view(template);
    return new PoolWant(
        template.name(),
        templates.snapshotDir(template).toString(),
        templates.imagesDir().toString(),
        view.decision().parked(),
        view.decision().shells(),
        view.spec().warmUp(),
        view.spec().hosts() == PoolSpec.Hosts.OWN);
  }
}
