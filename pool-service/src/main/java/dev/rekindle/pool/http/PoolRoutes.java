package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.sizing.PoolSpec;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;

/** {@code /v1/pools}: what is kept ready of a template. */
final class PoolRoutes {
  private final Pools pools;
  private final TemplateCatalog catalog;

  PoolRoutes(Pools pools, TemplateCatalog catalog) {
    this.pools = pools;
    this.catalog = catalog;
  }

  void mount(Router router, BodyHandler body) {
    router.get("/v1/pools").handler(this::list);
    router.get("/v1/pools/:template").handler(this::get);
    router.put("/v1/pools/:template").handler(body).handler(this::put);
    router.delete("/v1/pools/:template").handler(this::delete);
  }

  private Template template(RoutingContext context) {
    String name = TemplateRoutes.name(context.pathParam("template"));
    return catalog
        .find(name)
        .orElseThrow(
            () -> new ServiceException(ErrorCode.TEMPLATE_UNKNOWN, "no template '" + name + "'"));
  }

  private void list(RoutingContext context) {
    ObjectNode reply = Json.object();
    ArrayNode all = reply.putArray("pools");
    for (String name : pools.all().keySet()) {
      catalog.find(name).ifPresent(template -> all.add(describe(template)));
    }
    Replies.json(context, 200, reply);
  }

  private void get(RoutingContext context) {
    Replies.json(context, 200, describe(template(context)));
  }

  private void put(RoutingContext context) {
    Template template = template(context);
    PoolSpec spec = Json.read(Replies.body(context), PoolSpec.class);
    pools
        .put(template.name(), spec)
        .onSuccess(_ -> Replies.json(context, 200, describe(template)))
        .onFailure(e -> Problems.send(context, e));
  }

  private void delete(RoutingContext context) {
    String name = TemplateRoutes.name(context.pathParam("template"));
    pools
        .remove(name)
        .onSuccess(removed -> {
          if (removed) {
            context.response().setStatusCode(204).end();
          } else {
            Problems.send(
                context,
                new ServiceException(ErrorCode.POOL_UNKNOWN, "no pool of template '" + name + "'"));
          }
        })
        .onFailure(e -> Problems.send(context, e));
  }

  private ObjectNode describe(Template template) {
    Pools.View view = pools.view(template);
    ObjectNode node = Json.object().put("template", template.name());
    node.set("spec", Json.node(view.spec()));
    ObjectNode wanted = node.putObject("wanted");
    wanted.put("parked", view.decision().parked()).put("shells", view.decision().shells());
    view.decision().reasons().forEach(wanted.putArray("reasons")::add);
    node.set("evidence", Json.node(view.evidence()));
    ObjectNode there = node.putObject("there");
    view.level()
        .ifPresent(level -> {
          there.put("parked", level.parked()).put("shells", level.shells());
          there.put("made", level.made()).put("makeMicros", level.makeMicros());
          there.put("failures", level.failures());
          if (level.lastError() != null) {
            there.put("lastError", level.lastError());
          }
        });
    ObjectNode served = node.putObject("served");
    view.served().forEach(served::put);
    return node;
  }
}
