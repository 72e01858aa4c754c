package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.snapshotter.host.protocol.HostException;
import io.vertx.core.http.HttpClosedException;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.net.SocketException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Errors as problem documents (RFC 9457), with the field {@code code} for programs. */
final class Problems {
  private static final Logger LOG = LoggerFactory.getLogger(Problems.class);

  private Problems() {}

  static ServiceException of(Throwable failure) {
    if (failure instanceof ServiceException s) {
      return s;
    }
    if (failure instanceof HostException h) {
      ErrorCode code =
          h.code().startsWith("sandbox.") ? ErrorCode.LEASE_LOST : ErrorCode.EXEC_FAILED;
      return new ServiceException(code, h.code(), h.getMessage(), h.consoleTail());
    }
    LOG.error("a request failed by a defect", failure);
    return new ServiceException(ErrorCode.INTERNAL, "see the service's log");
  }

  /** Who sent the request broke it off; there is nobody to tell, and nothing is wrong here. */
  static boolean isClientGone(Throwable failure) {
    return failure instanceof SocketException || failure instanceof HttpClosedException;
  }

  static ObjectNode body(ServiceException e) {
    ObjectNode problem =
        Json.object()
            .put("type", "https://rekindle.dev/problems/" + e.code())
            .put("title", e.error().title())
            .put("status", e.error().status())
            .put("detail", e.getMessage())
            .put("code", e.code());
    if (e.consoleTail() != null) {
      problem.put("consoleTail", e.consoleTail());
    }
    return problem;
  }

  static void send(RoutingContext context, Throwable failure) {
    HttpServerResponse response = context.response();
    if (response.ended() || response.closed() || isClientGone(failure)) {
      return;
    }
    if (response.headWritten()) {
      // Part of a stream is out already: the only sign left is to end it unfinished.
      context.request().connection().close();
      return;
    }
    ServiceException e = of(failure);
    if (e.error() == ErrorCode.POOL_EXHAUSTED || e.error() == ErrorCode.HOST_UNAVAILABLE) {
      response.putHeader("Retry-After", "1");
    }
    response
        .setStatusCode(e.error().status())
        .putHeader("Content-Type", "application/problem+json");
    Replies.end(context, Json.text(body(e)) + "\n");
  }
}
