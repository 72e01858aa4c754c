package dev.rekindle.pool.http;

import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.auth.ApiKeys;
import dev.rekindle.pool.config.AccessConfig;
import dev.rekindle.pool.config.ServiceConfig;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.feed.LeaseFeed;
import dev.rekindle.pool.fleet.HostFleet;
import dev.rekindle.pool.jail.Jail;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.pool.sizing.Pools;
import dev.rekindle.pool.template.TemplateBuilder;
import dev.rekindle.pool.template.TemplateCatalog;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.util.List;
import java.util.Set;

/** The HTTP server and its routes. Thread: one event loop. */
public final class ApiServer {
  private static final long MAX_BODY_BYTES = 1 << 20;
  private static final int MAX_MESSAGE_BYTES = 256 * 1024;
  private static final int STALL_SECONDS = 30;
  private static final int PING_SECONDS = 10;

  private final Vertx vertx;
  private final Router router;
  private final EventRoutes events;

  /**
   * @param vertx whose event loop this runs on
   * @param leases behind {@code /v1/leases}
   * @param catalog behind {@code /v1/templates}
   * @param pools behind {@code /v1/pools}
   * @param builder behind {@code PUT /v1/templates}
   * @param hosts behind exec, pools and status
   * @param jail behind status
   * @param metrics behind {@code /metrics}
   * @param keys who may do what
   * @param feed behind {@code /v1/events}
   * @param onHandOver does what {@code POST /v1/handover} asks for
   */
  public ApiServer(
      Vertx vertx,
      LeaseTable leases,
      TemplateCatalog catalog,
      Pools pools,
      TemplateBuilder builder,
      HostFleet hosts,
      Jail jail,
      ServiceMetrics metrics,
      ApiKeys keys,
      LeaseFeed feed,
      Runnable onHandOver) {
    this.vertx = vertx;
    router = Router.router(vertx);
    router.route().handler(new Access(keys)::check);
    BodyHandler body = BodyHandler.create(false).setBodyLimit(MAX_BODY_BYTES);
    new LeaseRoutes(leases).mount(router, body);
    new ExecRoutes(leases, hosts, metrics).mount(router);
    new TemplateRoutes(catalog, builder).mount(router, body);
    new PoolRoutes(pools, catalog, hosts).mount(router, body);
    new TerminalRoutes(leases, hosts).mount(router);
    events = new EventRoutes(feed, STALL_SECONDS, PING_SECONDS);
    events.mount(router);
    new ConsoleRoutes().mount(router);
    new KeyRoutes(keys).mount(router, body);
    new OpsRoutes(leases, catalog, hosts, jail, metrics, onHandOver).mount(router);
    router.route().failureHandler(ApiServer::failed);
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

  /** Ends the streams that have no end of their own, for an orderly stop. */
  public void stop() {
    events.stop();
  }

  /**
   * @return the routes, for a test that compares them with the API's description
   */
  Router router() {
    return router;
  }

  private static HttpServerOptions secured(HttpServerOptions options, AccessConfig access) {
    access
        .tls()
        .ifPresent(tls ->
            options
                .setSsl(true)
                .setEnabledSecureTransportProtocols(Set.of("TLSv1.2", "TLSv1.3"))
                .setKeyCertOptions(
                    new PemKeyCertOptions()
                        .setCertPath(tls.certificate().toString())
                        .setKeyPath(tls.key().toString())));
    return options;
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
        new HttpServerOptions()
            .setTcpNoDelay(true)
            .setHttp2ClearTextEnabled(false)
            .setWebSocketSubProtocols(List.of(WebSocketSecrets.PROTOCOL))
            .setMaxWebSocketFrameSize(MAX_MESSAGE_BYTES)
            .setMaxWebSocketMessageSize(MAX_MESSAGE_BYTES);
    return vertx
        .createHttpServer(secured(options, config.access()))
        .requestHandler(router)
        .listen(config.port(), config.host());
  }
}
