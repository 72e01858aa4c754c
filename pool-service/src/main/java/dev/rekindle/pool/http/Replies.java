package dev.rekindle.pool.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;

/** Bodies that are JSON, and streams of them. */
final class Replies {
  static final String NDJSON = "application/x-ndjson";
  private static final long LINGER_MILLIS = 1_000;

  private Replies() {}

  static void json(RoutingContext context, int status, Object body) {
    if (isOpen(context)) {
      context.response().setStatusCode(status).putHeader("Content-Type", "application/json");
      end(context, Json.text(body) + "\n");
    }
  }

  /**
   * Ends an answer. One that comes before its request's end is the connection's last: what the
   * client still sends is read and thrown away for a while, so that it can read the answer, which a
   * connection closed with input unread would take from it.
   */
  static void end(RoutingContext context, String last) {
    HttpServerRequest request = context.request();
    if (request.isEnded()) {
      context.response().end(last);
      return;
    }
    if (!context.response().headWritten()) {
      context.response().putHeader("Connection", "close");
    }
    context.response().end(last);
    HttpConnection connection = request.connection();
    request.exceptionHandler(_ -> {});
    request.handler(_ -> {});
    long timer = context.vertx().setTimer(LINGER_MILLIS, _ -> connection.close());
    request.endHandler(_ -> connection.close());
    connection.closeHandler(_ -> context.vertx().cancelTimer(timer));
    request.resume();
  }

  /** Whether an answer can still be written: not ended, and the client is there. */
  static boolean isOpen(RoutingContext context) {
    return !context.response().closed() && !context.response().ended();
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
    if (isOpen(context)) {
      context.response().write(Json.text(body) + "\n");
    }
  }
}
