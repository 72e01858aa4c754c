package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.template.TemplateBuilder;
import dev.rekindle.pool.template.TemplateCatalog;
import dev.rekindle.snapshotter.template.Recipe;
import dev.rekindle.snapshotter.template.RecipeException;
import dev.rekindle.snapshotter.template.Template;
import dev.rekindle.snapshotter.template.TemplateName;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;

/** {@code /v1/templates}: build, list, look, delete. */
final class TemplateRoutes {
  private final TemplateCatalog catalog;
  private final TemplateBuilder builder;

  TemplateRoutes(TemplateCatalog catalog, TemplateBuilder builder) {
    this.catalog = catalog;
    this.builder = builder;
  }

  void mount(Router router, BodyHandler body) {
    router.get("/v1/templates").handler(this::list);
    router.get("/v1/templates/:name").handler(this::get);
    router.put("/v1/templates/:name").handler(body).handler(this::put);
    router.delete("/v1/templates/:name").handler(this::delete);
  }

  private static String name(RoutingContext context) {
    return name(context.pathParam("name"));
  }

  /** Refuses what cannot be a template's name. */
  static String name(String name) {
    if (!TemplateName.isValid(name)) {
      throw new ServiceException(
          ErrorCode.REQUEST_INVALID,
          "template name must match " + TemplateName.PATTERN + ", got " + name);
    }
    return name;
  }

  private void list(RoutingContext context) {
    ObjectNode reply = Json.object();
    ArrayNode all = reply.putArray("templates");
    catalog.all().forEach(template -> all.add(describe(template)));
    ArrayNode building = reply.putArray("building");
    builder.running().forEach(building::add);
    Replies.json(context, 200, reply);
  }

  private void get(RoutingContext context) {
    Replies.json(context, 200, describe(known(name(context))));
  }

  private Template known(String name) {
    return catalog
        .find(name)
        .orElseThrow(
            () -> new ServiceException(ErrorCode.TEMPLATE_UNKNOWN, "no template '" + name + "'"));
  }

  private void put(RoutingContext context) {
    String name = name(context);
    JsonNode recipe = recipe(name, context.body().buffer());
    boolean stream = Replies.wantsStream(context);
    Future<Template> built =
        builder.build(
            name,
            recipe,
            progress -> {
              // What a client is too slow for it does not see; the outcome it does.
              if (stream && Replies.isOpen(context) && !context.response().writeQueueFull()) {
                Replies.line(context, progress);
              }
            });
    if (stream) {
      Replies.begin(context);
      built
          .onSuccess(template -> Replies.line(context, wrap("template", describe(template))))
          .onFailure(e -> Replies.line(context, wrap("error", Problems.body(Problems.of(e)))))
          .onComplete(_ -> {
            if (Replies.isOpen(context)) {
              context.response().end();
            }
          });
    } else {
      built
          .onSuccess(template -> Replies.json(context, 201, describe(template)))
          .onFailure(e -> Problems.send(context, e));
    }
  }

  private static ObjectNode wrap(String field, JsonNode value) {
    ObjectNode node = Json.object();
    node.set(field, value);
    return node;
  }

  /** An empty body asks for the default recipe of that name. */
  private static JsonNode recipe(String name, Buffer body) {
    try {
      if (body == null || body.length() == 0) {
        return Recipe.named(name).toJson();
      }
      return Recipe.parse(Json.tree(body.getBytes())).toJson();
    } catch (RecipeException e) {
      throw new ServiceException(ErrorCode.REQUEST_INVALID, e.code(), e.getMessage(), null);
    }
  }

  private void delete(RoutingContext context) {
    String name = name(context);
    known(name);
    catalog
        .delete(name)
        .onSuccess(_ -> context.response().setStatusCode(204).end())
        .onFailure(e -> Problems.send(context, e));
  }

  static ObjectNode describe(Template template) {
    ObjectNode node =
        Json.object()
            .put("name", template.name())
            .put("snapshotId", template.snapshotId())
            .put("generation", template.generation())
            .put("createdAt", template.createdAt());
    node.set("recipe", template.recipe());
    return node;
  }
}
