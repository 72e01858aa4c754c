package dev.rekindle.pool.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;

/** Bodies that are JSON, and streams of them. */
final class Replies {
  static final String NDJSON = "application/x-ndjson";

  private Replies() {}

  static void json(RoutingContext context, int status, Object body) {
    if (!context.response().closed() && !context.response().ended()) {
      context
          .response()
          .setStatusCode(status)
          .putHeader("Content-Type", "application/json")
          .end(Json.text(body) + "\n");
    }
  }

  /** The request's body, which may be missing. */
  static byte[] body(RoutingContext context) {
    Buffer body = context.body().buffer();
    return body == null ? new byte[0] : body.getBytes();
  }

  static boolean wantsStream(RoutingContext context) {
    String accept = context.request().getHeader("Accept");
    return accept != null && accept.contains(NDJSON);
  }

  /** Begins a stream of JSON lines. */
  static void begin(RoutingContext context) {
    context
        .response()
        .setStatusCode(200)
        .setChunked(true)
        .putHeader("Content-Type", NDJSON)
        .putHeader("Cache-Control", "no-store");
  }

  static void line(RoutingContext context, Object body) {
    if (!context.response().closed() && !context.response().ended()) {
      context.response().write(Json.text(body) + "\n");
    }
  }
}
