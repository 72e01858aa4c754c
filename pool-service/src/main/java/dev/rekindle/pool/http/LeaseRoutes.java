package dev.rekindle.pool.http;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.auth.ApiKey;
import dev.rekindle.pool.auth.Grant;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.lease.AcquireRequest;
import dev.rekindle.pool.lease.IdempotencyKey;
import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseGrant;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.snapshotter.template.TemplateName;
import io.vertx.core.Promise;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** {@code /v1/leases}: acquire, look, renew, release. */
final class LeaseRoutes {
  static final String TOKEN_HEADER = "Rekindle-Lease-Token";
  private static final String KEY_HEADER = "Idempotency-Key";
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

  record RenewBody(Integer ttlSeconds, Boolean newToken) {
    RenewBody {
      ttlSeconds = ttl(ttlSeconds);
      newToken = newToken != null && newToken;
    }
  }

  /**
   * The key a client asks again by, if it sent one.
   *
   * @param request in a form that is the same for the same request
   * @throws ServiceException {@code request.invalid}
   */
  static Optional<IdempotencyKey> key(RoutingContext context, String request) {
    List<String> sent = context.request().headers().getAll(KEY_HEADER);
    if (sent.isEmpty()) {
      return Optional.empty();
    }
    try {
      if (sent.size() > 1) {
        throw new IllegalArgumentException("Idempotency-Key must be sent once");
      }
      return Optional.of(
          IdempotencyKey.of(
              Access.grant(context).key().map(ApiKey::id).orElse(""), sent.getFirst(), request));
    } catch (IllegalArgumentException e) {
      throw new ServiceException(ErrorCode.REQUEST_INVALID, e.getMessage());
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
    Promise<LeaseGrant> promise =
        acquire(
            context,
            leases,
            new AcquireRequest(
                body.template(),
                body.tenant(),
                body.ttlSeconds(),
                false,
                key(context, "lease " + Json.text(body))));
    promise
        .future()
        .onSuccess(grant -> Replies.json(context, 201, describe(grant)))
        .onFailure(e -> Problems.send(context, e));
  }

  /** Asks for a lease within the limits of the request's key, as long as its client is there. */
  static Promise<LeaseGrant> acquire(
      RoutingContext context, LeaseTable leases, AcquireRequest request) {
    Grant grant = Access.grant(context);
    Promise<LeaseGrant> promise;
    if (request.key().map(leases::isKnown).orElse(false)) {
      promise = leases.acquire(request, _ -> {});
    } else {
      grant.reserveLease();
      promise = leases.acquire(request, grant::reserved);
    }
    Access.onGone(context, () -> promise.tryFail(new IllegalStateException("the client has gone")));
    grant.onLost(reason -> {
      promise.tryFail(reason);
      Problems.send(context, reason);
    });
    return promise;
  }

  private void list(RoutingContext context) {
    ArrayNode all = Json.object().putArray("leases");
    leases.all().forEach(lease -> all.add(describe(lease)));
    ObjectNode reply = Json.object();
    reply.set("leases", all);
    Replies.json(context, 200, reply);
  }

  private void get(RoutingContext context) {
    Lease lease = leases.find(context.pathParam("id"));
    leases
        .memory(lease)
        .onComplete(memory -> {
          ObjectNode reply = describe(lease);
          // A sandbox that is just going has none any more; the lease itself is known all the same.
          if (memory.succeeded()) {
            reply
                .putObject("memory")
                .put("minorFaults", memory.result().minorFaults())
                .put("majorFaults", memory.result().majorFaults())
                .put("copiedBytes", memory.result().copiedBytes());
          }
          Replies.json(context, 200, reply);
        });
  }

  private void renew(RoutingContext context) {
    RenewBody body = Json.read(Replies.body(context), RenewBody.class);
    Lease lease = held(context, leases);
    LeaseGrant renewed = leases.renew(lease, body.ttlSeconds(), body.newToken());
    Replies.json(context, 200, describe(renewed));
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

  private static ObjectNode describe(LeaseGrant grant) {
    ObjectNode node = describe(grant.lease());
    return grant.token() == null ? node : node.put("token", grant.token());
  }

  static ObjectNode describe(Lease lease) {
    ObjectNode node =
        Json.object()
            .put("id", lease.id())
            .put("template", lease.template())
            .put("snapshotId", lease.snapshotId())
            .put("state", "active")
            .put("hostname", lease.id())
            .put("createdAt", lease.createdAt().toString())
            .put("expiresAt", lease.expiresAt().toString())
            .put("generation", lease.generation())
            .put("served", lease.served());
    ObjectNode stages = node.putObject("stagesMicros");
    lease.stagesMicros().forEach(stages::put);
    return node;
  }
}
