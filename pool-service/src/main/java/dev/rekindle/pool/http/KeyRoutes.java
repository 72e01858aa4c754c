package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.auth.ApiKey;
import dev.rekindle.pool.auth.ApiKeys;
import dev.rekindle.pool.auth.Grant;
import dev.rekindle.pool.auth.KeySpec;
import dev.rekindle.pool.auth.Scope;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;

/** {@code /v1/keys}: make, list and revoke API keys; {@code /v1/self}: what one's own may do. */
final class KeyRoutes {
  private final ApiKeys keys;

  KeyRoutes(ApiKeys keys) {
    this.keys = keys;
  }

  void mount(Router router, BodyHandler body) {
    router.get("/v1/keys").handler(this::list);
    router.post("/v1/keys").handler(body).handler(this::create);
    router.delete("/v1/keys/:id").handler(this::revoke);
    router.get("/v1/self").handler(this::self);
  }

  private void list(RoutingContext context) {
    ObjectNode reply = Json.object();
    ArrayNode all = reply.putArray("keys");
    keys.all().forEach(key -> all.add(describe(key).put("leases", keys.leases(key))));
    Replies.json(context, 200, reply);
  }

  private void create(RoutingContext context) {
    KeySpec spec = Json.read(Replies.body(context), KeySpec.class);
    keys.create(spec)
        .onSuccess(made -> {
          context.response().putHeader("Cache-Control", "no-store");
          Replies.json(context, 201, describe(made.key()).put("key", made.text()));
        })
        .onFailure(e -> Problems.send(context, e));
  }

  private void revoke(RoutingContext context) {
    keys.revoke(context.pathParam("id"), Access.grant(context))
        .onSuccess(_ -> context.response().setStatusCode(204).end())
        .onFailure(e -> Problems.send(context, e));
  }

  private void self(RoutingContext context) {
    Grant grant = Access.grant(context);
    ObjectNode reply = Json.object().put("keyRequired", keys.isRequired());
    grant.scopes().stream().sorted().map(Scope::text).forEach(reply.putArray("scopes")::add);
    grant.key().ifPresent(key -> reply.set("key", describe(key)));
    Replies.json(context, 200, reply);
  }

  private static ObjectNode describe(ApiKey key) {
    ObjectNode node = Json.object().put("id", key.id()).put("name", key.name());
    key.scopes().stream().sorted().map(Scope::text).forEach(node.putArray("scopes")::add);
    node.put("createdAt", key.createdAt().toString());
    key.expiresAt().ifPresent(at -> node.put("expiresAt", at.toString()));
    return node.put("maxLeases", key.maxLeases()).put("requestsPerSecond", key.requestsPerSecond());
  }
}
