package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.fleet.HostFleet;
import dev.rekindle.pool.fleet.HostView;
import dev.rekindle.pool.jail.Jail;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.index.IndexKeeper;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.ToLongFunction;

/** Health, metrics, status and the API's own description. */
final class OpsRoutes {
  private final LeaseTable leases;
  private final TemplateCatalog templates;
  private final HostFleet hosts;
  private final Jail jail;
  private final ServiceMetrics metrics;
  private final Runnable onHandOver;

  OpsRoutes(
      LeaseTable leases,
      TemplateCatalog templates,
      HostFleet hosts,
      Jail jail,
      ServiceMetrics metrics,
      Runnable onHandOver) {
    this.leases = leases;
    this.templates = templates;
    this.hosts = hosts;
    this.jail = jail;
    this.metrics = metrics;
    this.onHandOver = onHandOver;
  }

  void mount(Router router) {
    router.get("/healthz").handler(c -> Replies.json(c, 200, Json.object().put("status", "up")));
    router.get("/readyz").handler(this::ready);
    router.get("/metrics").handler(this::scrape);
    router.get("/v1/status").handler(this::status);
    router.post("/v1/handover").handler(this::handOver);
    router
        .get("/openapi.yaml")
        .handler(c ->
            c.response().putHeader("Content-Type", "application/yaml").sendFile("openapi.yaml"));
  }

  private void ready(RoutingContext context) {
    boolean ready = hosts.ready();
    Replies.json(context, ready ? 200 : 503, Json.object().put("ready", ready).put("host", ready));
  }

  private void handOver(RoutingContext context) {
    Replies.json(context, 202, Json.object().put("pid", ProcessHandle.current().pid()));
    onHandOver.run();
  }

  private void scrape(RoutingContext context) {
    hosts
        .views()
        .onComplete(views -> {
          metrics.ready(
              (int) sum(views.result(), HostReply.Stats::shells),
              (int) sum(views.result(), HostReply.Stats::parked));
          metrics.snapshots(byTemplate(views.result()));
          metrics.hosts(views.result().stream().map(OpsRoutes::measured).toList());
          context
              .response()
              .putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
              .end(metrics.scrape());
        });
  }

  private static ServiceMetrics.Host measured(HostView host) {
    return new ServiceMetrics.Host(
        host.name(),
        host.sandboxes(),
        host.stats().map(HostReply.Stats::parked).orElse(0),
        host.stats().map(HostReply.Stats::shells).orElse(0),
        host.stats().map(HostReply.Stats::rssBytes).orElse(0L));
  }

  private static long sum(List<HostView> hosts, ToLongFunction<HostReply.Stats> what) {
    return hosts.stream().flatMap(host -> host.stats().stream()).mapToLong(what).sum();
  }

  /** Generations that are no template's any more are left out. */
  private Map<String, ServiceMetrics.SnapshotUse> byTemplate(List<HostView> views) {
    // The page cache is one, whichever process looks.
    List<HostReply.SnapshotLevel> snapshots =
        views.stream()
            .flatMap(host -> host.stats().stream())
            .flatMap(stats -> stats.snapshots().stream())
            .toList();
    Map<String, ServiceMetrics.SnapshotUse> uses = new HashMap<>();
    for (Template template : templates.all()) {
      String directory = templates.snapshotDir(template).toString();
      for (HostReply.SnapshotLevel level : snapshots) {
        if (level.snapshotDir().equals(directory)) {
          OptionalDouble share =
              level.residentBytes() == null
                  ? OptionalDouble.empty()
                  : OptionalDouble.of((double) level.residentBytes() / level.memoryBytes());
          uses.put(template.name(), new ServiceMetrics.SnapshotUse(share, level.workingSetBytes()));
        }
      }
    }
    return uses;
  }

  private void status(RoutingContext context) {
    hosts.views().onComplete(views -> Replies.json(context, 200, describe(views.result())));
  }

  private ObjectNode describe(List<HostView> views) {
    ObjectNode reply =
        Json.object()
            .put("status", hosts.ready() ? "ready" : "no host process")
            .put("pid", ProcessHandle.current().pid())
            .put("uptimeSeconds", ManagementFactory.getRuntimeMXBean().getUptime() / 1000)
            .put("leases", leases.all().size())
            .put("waiting", leases.waiting())
            .put("templates", templates.all().size())
            .put("hostStarts", hosts.starts());
    if (hosts.ready()) {
      reply
          .putObject("host")
          .put("sandboxes", sum(views, HostReply.Stats::sandboxes))
          .put("shells", sum(views, HostReply.Stats::shells))
          .put("parked", sum(views, HostReply.Stats::parked))
          .put("rssBytes", sum(views, HostReply.Stats::rssBytes))
          .put("pssBytes", sum(views, HostReply.Stats::pssBytes))
          .put("threads", sum(views, HostReply.Stats::threads))
          .put("fds", sum(views, HostReply.Stats::fds))
          .put("mappings", sum(views, HostReply.Stats::mappings));
    }
    IndexKeeper.Status index = templates.index();
    reply
        .putObject("index")
        .put("state", index.state().name().toLowerCase(Locale.ROOT))
        .put("generation", index.generation())
        .put("snapshots", index.snapshots())
        .put("templates", index.templates())
        .put("rebuilds", index.rebuilds())
        .put("error", index.error());
    JailReply.put(jail, hosts.limits(), reply.putObject("jail"));
    ArrayNode each = reply.putArray("hosts");
    views.forEach(view -> describe(view, each.addObject()));
    return reply;
  }

  private static void describe(HostView host, ObjectNode node) {
    node.put("name", host.name())
        .put("pid", host.pid())
        .put("state", host.state())
        .put("uptimeSeconds", host.uptimeSeconds())
        .put("restarts", host.restarts())
        .put("sandboxes", host.sandboxes())
        .put("capacity", host.capacity())
        .put("tenancy", host.tenancy());
    host.tenants().forEach(node.putArray("tenants")::add);
    if (host.template() != null) {
      node.put("template", host.template());
    }
    host.stats()
        .ifPresent(stats ->
            node.put("vms", stats.sandboxes() + stats.parked() + stats.shells())
                .put("parked", stats.parked())
                .put("shells", stats.shells())
                .put("rssBytes", stats.rssBytes())
                .put("pssBytes", stats.pssBytes())
                .put("threads", stats.threads())
                .put("fds", stats.fds())
                .put("mappings", stats.mappings())
                .putObject("index")
                .put("generation", stats.index().generation())
                .put("entries", stats.index().entries())
                .put("reads", stats.index().reads())
                .put("rejected", stats.index().rejected())
                .put("unindexed", stats.index().unindexed()));
  }
}
