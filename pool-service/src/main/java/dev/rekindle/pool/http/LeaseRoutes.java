package dev.rekindle.pool.http;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.snapshotter.template.TemplateName;
import io.vertx.core.Promise;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.regex.Pattern;

/** {@code /v1/leases}: acquire, look, renew, release. */
final class LeaseRoutes {
  static final String TOKEN_HEADER = "Rekindle-Lease-Token";
  static final int DEFAULT_TTL_SECONDS = 300;

  private final LeaseTable leases;

  LeaseRoutes(LeaseTable leases) {
    this.leases = leases;
  }

  private static final Pattern TENANT = Pattern.compile("[A-Za-z0-9._-]{0,64}");

  record AcquireBody(
      @JsonProperty(required = true) String template, String tenant, Integer ttlSeconds) {
    AcquireBody {
      if (template == null || !TemplateName.isValid(template)) {
        throw new IllegalArgumentException(
            "template must match " + TemplateName.PATTERN + ", got " + template);
      }
      tenant = checkedTenant(tenant);
      ttlSeconds = ttl(ttlSeconds);
    }
  }

  static String checkedTenant(String given) {
    String tenant = given == null ? "" : given;
    if (!TENANT.matcher(tenant).matches()) {
      throw new IllegalArgumentException("tenant must match " + TENANT + ", got " + tenant);
    }
    return tenant;
  }

  record RenewBody(Integer ttlSeconds) {
    RenewBody {
      ttlSeconds = ttl(ttlSeconds);
    }
  }

  static int ttl(Integer seconds) {
    int value = seconds == null ? DEFAULT_TTL_SECONDS : seconds;
    if (value < 1 || value > LeaseTable.MAX_TTL_SECONDS) {
      throw new IllegalArgumentException(
          "ttlSeconds must be in [1, " + LeaseTable.MAX_TTL_SECONDS + "], got " + value);
    }
    return value;
  }

  void mount(Router router, BodyHandler body) {
    router.post("/v1/leases").handler(body).handler(this::acquire);
    router.get("/v1/leases").handler(this::list);
    router.get("/v1/leases/:id").handler(this::get);
    router.post("/v1/leases/:id/renew").handler(body).handler(this::renew);
    router.delete("/v1/leases/:id").handler(this::release);
  }

  private void acquire(RoutingContext context) {
    AcquireBody body = Json.read(Replies.body(context), AcquireBody.class);
    Promise<Lease> promise = leases.acquire(body.template(), body.tenant(), body.ttlSeconds());
    context
        .response()
        .closeHandler(_ -> promise.tryFail(new IllegalStateException("the client has gone")));
    promise
        .future()
        .onSuccess(lease -> Replies.json(context, 201, describe(lease).put("token", lease.token())))
        .onFailure(e -> Problems.send(context, e));
  }

  private void list(RoutingContext context) {
    ArrayNode all = Json.object().putArray("leases");
    leases.all().forEach(lease -> all.add(describe(lease)));
    ObjectNode reply = Json.object();
    reply.set("leases", all);
    Replies.json(context, 200, reply);
  }

  private void get(RoutingContext context) {
    Replies.json(context, 200, describe(leases.find(context.pathParam("id"))));
  }

  private void renew(RoutingContext context) {
    RenewBody body = Json.read(Replies.body(context), RenewBody.class);
    Lease lease = held(context, leases);
    Replies.json(context, 200, describe(leases.renew(lease, body.ttlSeconds())));
  }

  private void release(RoutingContext context) {
    if (leases.wasReleased(context.pathParam("id"))) {
      context.response().setStatusCode(204).end();
      return;
    }
    leases
        .release(held(context, leases))
        .onComplete(_ -> context.response().setStatusCode(204).end());
  }

  static Lease held(RoutingContext context, LeaseTable leases) {
    return leases.held(context.pathParam("id"), context.request().getHeader(TOKEN_HEADER));
  }

  static ObjectNode describe(Lease lease) {
    ObjectNode node =
        Json.object()
            .put("id", lease.id())
            .put("template", lease.template())
            .put("snapshotId", lease.snapshotId())
            .put("state", "active")
            .put("hostname", lease.hostname())
            .put("createdAt", lease.createdAt().toString())
            .put("expiresAt", lease.expiresAt().toString())
            .put("served", lease.served());
    ObjectNode stages = node.putObject("stagesMicros");
    lease.stagesMicros().forEach(stages::put);
    return node;
  }
}
