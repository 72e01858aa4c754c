package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import io.vertx.core.Future;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.lang.management.ManagementFactory;

/** Health, metrics, status and the API's own description. */
final class OpsRoutes {
  private final LeaseTable leases;
  private final TemplateCatalog templates;
  private final HostProcess host;
  private final ServiceMetrics metrics;

  OpsRoutes(
      LeaseTable leases, TemplateCatalog templates, HostProcess host, ServiceMetrics metrics) {
    this.leases = leases;
    this.templates = templates;
    this.host = host;
    this.metrics = metrics;
  }

  void mount(Router router) {
    router.get("/healthz").handler(c -> Replies.json(c, 200, Json.object().put("status", "up")));
    router.get("/readyz").handler(this::ready);
    router.get("/metrics").handler(this::scrape);
    router.get("/v1/status").handler(this::status);
    router
        .get("/openapi.yaml")
        .handler(c ->
            c.response().putHeader("Content-Type", "application/yaml").sendFile("openapi.yaml"));
  }

  private void ready(RoutingContext context) {
    boolean ready = host.ready();
    Replies.json(context, ready ? 200 : 503, Json.object().put("ready", ready).put("host", ready));
  }

  private Future<HostReply.Stats> stats() {
    return host.ready()
        ? host.client().compose(OpsRoutes::ask)
        : Future.failedFuture("no host process");
  }

  private static Future<HostReply.Stats> ask(HostClient client) {
    return client.request(new HostRequest.Stats(), HostReply.Stats.class);
  }

  private void scrape(RoutingContext context) {
    stats()
        .onSuccess(s -> metrics.ready(s.shells(), s.parked()))
        .onFailure(_ -> metrics.ready(0, 0))
        .onComplete(_ ->
            context
                .response()
                .putHeader("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
                .end(metrics.scrape()));
  }

  private void status(RoutingContext context) {
    stats()
        .onComplete(result -> {
          ObjectNode reply =
              Json.object()
                  .put("status", result.succeeded() ? "ready" : "no host process")
                  .put("pid", ProcessHandle.current().pid())
                  .put("uptimeSeconds", ManagementFactory.getRuntimeMXBean().getUptime() / 1000)
                  .put("leases", leases.all().size())
                  .put("waiting", leases.waiting())
                  .put("templates", templates.all().size())
                  .put("hostStarts", host.starts());
          if (result.succeeded()) {
            HostReply.Stats s = result.result();
            reply
                .putObject("host")
                .put("sandboxes", s.sandboxes())
                .put("shells", s.shells())
                .put("parked", s.parked())
                .put("rssBytes", s.rssBytes())
                .put("pssBytes", s.pssBytes())
                .put("threads", s.threads())
                .put("fds", s.fds())
                .put("mappings", s.mappings());
          }
          Replies.json(context, 200, reply);
        });
  }
}
