package dev.rekindle.pool.http;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.fleet.HostFleet;
import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseTable;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;

/** {@code /v1/leases/{id}/terminal}: a command on a terminal, over a WebSocket. */
final class TerminalRoutes {
  private final LeaseTable leases;
  private final HostFleet hosts;

  TerminalRoutes(LeaseTable leases, HostFleet hosts) {
    this.leases = leases;
    this.hosts = hosts;
  }

  void mount(Router router) {
    router.get("/v1/leases/:id/terminal").handler(this::open);
  }

  private void open(RoutingContext context) {
    HttpServerRequest request = context.request();
    String upgrade = request.getHeader("Upgrade");
    if (!"websocket".equalsIgnoreCase(upgrade)) {
      throw new ServiceException(
          ErrorCode.REQUEST_INVALID,
          "Upgrade must be websocket, with the protocol " + WebSocketSecrets.PROTOCOL);
    }
    Lease lease = leases.held(context.pathParam("id"), WebSocketSecrets.leaseToken(request));
    request
        .toWebSocket()
        .onSuccess(
            socket -> new TerminalRun(socket, Access.grant(context), lease, leases).open(hosts))
        .onFailure(e -> Problems.send(context, e));
  }
}
