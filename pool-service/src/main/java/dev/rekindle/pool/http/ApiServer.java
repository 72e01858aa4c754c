package dev.rekindle.pool.http;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.hostclient.HostProcess;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateBuilder;
import dev.rekindle.pool.template.TemplateCatalog;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;

/** The HTTP server and its routes. Thread: one event loop. */
public final class ApiServer {
  private static final long MAX_BODY_BYTES = 1 << 20;

  private final Vertx vertx;
  private final Router router;

  /**
   * @param vertx whose event loop this runs on
   * @param leases behind {@code /v1/leases}
   * @param catalog behind {@code /v1/templates}
   * @param pools behind {@code /v1/pools}
   * @param builder behind {@code PUT /v1/templates}
   * @param host behind exec and status
   * @param metrics behind {@code /metrics}
   */
  public ApiServer(
      Vertx vertx,
      LeaseTable leases,
      TemplateCatalog catalog,
      Pools pools,
      TemplateBuilder builder,
      HostProcess host,
      ServiceMetrics metrics) {
    this.vertx = vertx;
    router = Router.router(vertx);
    BodyHandler body = BodyHandler.create(false).setBodyLimit(MAX_BODY_BYTES);
    new LeaseRoutes(leases).mount(router, body);
    new ExecRoutes(leases, host::client, metrics).mount(router);
    new TemplateRoutes(catalog, builder).mount(router, body);
    new PoolRoutes(pools, catalog).mount(router, body);
    new OpsRoutes(leases, catalog, host, metrics).mount(router);
    router.route().failureHandler(ApiServer::failed);
    router.errorHandler(404, c -> Problems.send(c, routeError(c, ErrorCode.ROUTE_UNKNOWN)));
    router.errorHandler(405, c -> Problems.send(c, routeError(c, ErrorCode.METHOD_NOT_ALLOWED)));
  }

  private static ServiceException routeError(RoutingContext context, ErrorCode code) {
    return new ServiceException(
        code, context.request().method() + " " + context.request().path() + "; see /openapi.yaml");
  }

  private static void failed(RoutingContext context) {
    if (context.statusCode() == 413) {
      Problems.send(
          context,
          new ServiceException(
              ErrorCode.REQUEST_TOO_LARGE, "the body must have at most " + MAX_BODY_BYTES));
    } else if (context.failure() != null) {
      Problems.send(context, context.failure());
    } else {
      context.next();
    }
  }

  /**
   * @return the routes, for a test that compares them with the API's description
   */
  Router router() {
    return router;
  }

  /**
   * Listens.
   *
   * @param config where
   * @return the server
   */
  public Future<HttpServer> listen(ServiceConfig config) {
    // HTTP/1.1 only: an upgrade to HTTP/2 in clear text would come in the middle of a request whose
    // body is a command's standard input.
    HttpServerOptions options =
        new HttpServerOptions().setTcpNoDelay(true).setHttp2ClearTextEnabled(false);
    return vertx
        .createHttpServer(options)
        .requestHandler(router)
        .listen(config.port(), config.host());
  }
}
