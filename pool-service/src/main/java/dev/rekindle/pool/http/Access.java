package dev.rekindle.pool.http;

import dev.rekindle.pool.auth.ApiKeys;
import dev.rekindle.pool.auth.Grant;
import dev.rekindle.pool.auth.Scope;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.net.URI;
import java.util.Collections;
import java.util.regex.Pattern;

/** Stands before every route and lets through who may; see {@link RouteAccess}. */
final class Access {
  private static final String GRANT = "rekindle.grant";
  private static final String BEARER = "Bearer ";
  private static final Pattern LOOPBACK =
      Pattern.compile(
          "(localhost|127(\\.[0-9]{1,3}){3}|\\[::1])(:[0-9]+)?", Pattern.CASE_INSENSITIVE);

  private final ApiKeys keys;

  Access(ApiKeys keys) {
    this.keys = keys;
  }

  /** What the request may do. */
  static Grant grant(RoutingContext context) {
    return context.get(GRANT);
  }

  /**
   * Says what to do when the client goes away before its answer's end; the last one said counts.
   * Instead of the response's own handler, of which there is one, and which the grant needs too.
   */
  static void onGone(RoutingContext context, Runnable action) {
    Grant grant = grant(context);
    context
        .response()
        .closeHandler(_ -> {
          grant.end();
          action.run();
        });
  }

  void check(RoutingContext context) {
    try {
      let(context);
    } catch (ServiceException e) {
      Problems.send(context, e);
      return;
    }
    context.next();
  }

  private void let(RoutingContext context) {
    HttpServerRequest request = context.request();
    String path = context.normalizedPath();
    RouteAccess.Rule rule =
        RouteAccess.find(request.method().name(), path).orElseThrow(() -> nothing(context));
    refuseForeignPages(request);
    if (rule.isPublic()) {
      return;
    }
    Grant grant = keys.admit(shown(request));
    context.put(GRANT, grant);
    try {
      grant.begin();
    } finally {
      grant.rate().ifPresent(rate -> tell(context.response(), rate));
    }
    grant.onLost(reason -> Problems.send(context, reason));
    context.response().endHandler(_ -> grant.end());
    onGone(context, () -> {});
    if (Collections.disjoint(grant.scopes(), rule.scopes())) {
      throw new ServiceException(
          ErrorCode.SCOPE_MISSING,
          rule.method()
              + " "
              + rule.path()
              + " needs the scope "
              + String.join(" or ", rule.scopes().stream().map(Scope::text).sorted().toList()));
    }
  }

  /** There is nothing there, or nothing for the method. */
  static ServiceException nothing(RoutingContext context) {
    HttpServerRequest request = context.request();
    String path = context.normalizedPath();
    boolean other =
        RouteAccess.hasPath(path) && RouteAccess.find(request.method().name(), path).isEmpty();
    ErrorCode code = other ? ErrorCode.METHOD_NOT_ALLOWED : ErrorCode.ROUTE_UNKNOWN;
    return new ServiceException(
        code, request.method() + " " + request.path() + "; see /openapi.yaml");
  }

  private static String shown(HttpServerRequest request) {
    String header = request.getHeader("Authorization");
    if (header == null) {
      return WebSocketSecrets.key(request);
    }
    if (!header.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      throw new ServiceException(
          ErrorCode.KEY_WRONG, "the header Authorization must be: Bearer rk_...");
    }
    return header.substring(BEARER.length()).strip();
  }

  /**
   * A page of somewhere else, open in a browser that reaches this service, must not use it: neither
   * by its own name (it sends its origin) nor by a name of its own that was bent to this address.
   */
  private void refuseForeignPages(HttpServerRequest request) {
    String host = request.getHeader("Host");
    String origin = request.getHeader("Origin");
    if (origin != null && !authority(origin).equalsIgnoreCase(String.valueOf(host))) {
      throw new ServiceException(
          ErrorCode.ORIGIN_REFUSED, "the origin " + origin + " is not this service");
    }
    if (!keys.isRequired() && (host == null || !LOOPBACK.matcher(host).matches())) {
      throw new ServiceException(
          ErrorCode.ORIGIN_REFUSED,
          "without keys the service answers to localhost, 127.x.x.x and [::1] only, not to "
              + host);
    }
  }

  private static String authority(String origin) {
    try {
      return String.valueOf(URI.create(origin).getRawAuthority());
    } catch (IllegalArgumentException e) {
      return origin;
    }
  }

  private static void tell(HttpServerResponse response, Grant.Rate rate) {
    response
        .putHeader("RateLimit-Limit", Integer.toString(rate.limit()))
        .putHeader("RateLimit-Remaining", Integer.toString(rate.remaining()))
        .putHeader("RateLimit-Reset", Integer.toString(rate.resetSeconds()));
  }
}
