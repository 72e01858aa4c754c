package dev.rekindle.pool.http;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.exec.ExecBody;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.template.TemplateName;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.function.Supplier;

/** {@code /v1/leases/{id}/exec} and {@code /v1/run}. */
final class ExecRoutes {
  private final LeaseTable leases;
  private final Supplier<Future<HostClient>> host;
  private final ServiceMetrics metrics;

  ExecRoutes(LeaseTable leases, Supplier<Future<HostClient>> host, ServiceMetrics metrics) {
    this.leases = leases;
    this.host = host;
    this.metrics = metrics;
  }

  record RunBody(
      @JsonProperty(required = true) String template,
      String tenant,
      Integer ttlSeconds,
      @JsonProperty(required = true) ExecBody exec) {
    RunBody {
      if (template == null || !TemplateName.isValid(template)) {
        throw new IllegalArgumentException(
            "template must match " + TemplateName.PATTERN + ", got " + template);
      }
      tenant = LeaseRoutes.checkedTenant(tenant);
      ttlSeconds = LeaseRoutes.ttl(ttlSeconds);
      if (exec == null) {
        throw new IllegalArgumentException("exec must be there");
      }
    }
  }

  void mount(Router router) {
    router.post("/v1/leases/:id/exec").handler(this::exec);
    router.post("/v1/run").handler(this::run);
  }

  private void exec(RoutingContext context) {
    ExecInput input = new ExecInput(context);
    input
        .first()
        .onSuccess(first -> guarded(context, () -> execWith(context, input, first)))
        .onFailure(e -> Problems.send(context, e));
  }

  private void execWith(RoutingContext context, ExecInput input, byte[] first) {
    ExecBody body = Json.read(first, ExecBody.class);
    Lease lease = LeaseRoutes.held(context, leases);
    ExecRun run = new ExecRun(context);
    start(run, input, lease, body)
        .onSuccess(reply -> run.finish(run.describe(reply)))
        .onFailure(e -> run.fail(explain(lease, e)));
  }

  private Future<HostReply.Exec> start(ExecRun run, ExecInput input, Lease lease, ExecBody body) {
    return host.get()
        .compose(client -> {
          Future<HostReply.Exec> ended = run.start(client, lease.id(), body, metrics);
          input.feed(run, body);
          return ended;
        });
  }

  private static void guarded(RoutingContext context, Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      Problems.send(context, e);
    }
  }

  /** A command that failed because its lease ended is told so by the lease's own error. */
  private Throwable explain(Lease lease, Throwable failure) {
    try {
      leases.find(lease.id());
      return failure;
    } catch (ServiceException ended) {
      return ended;
    }
  }

  private void run(RoutingContext context) {
    ExecInput input = new ExecInput(context);
    input
        .first()
        .onSuccess(first -> guarded(context, () -> runWith(context, input, first)))
        .onFailure(e -> Problems.send(context, e));
  }

  private void runWith(RoutingContext context, ExecInput input, byte[] first) {
    RunBody body = Json.read(first, RunBody.class);
    Promise<Lease> acquired = leases.acquire(body.template(), body.tenant(), body.ttlSeconds());
    context
        .response()
        .closeHandler(_ -> acquired.tryFail(new IllegalStateException("the client has gone")));
    acquired
        .future()
        .onFailure(e -> Problems.send(context, e))
        .onSuccess(lease -> {
          ExecRun run = new ExecRun(context);
          run.opening("lease", LeaseRoutes.describe(lease));
          start(run, input, lease, body.exec())
              .onFailure(e -> run.fail(explain(lease, e)))
              .onSuccess(reply -> run.finish(run.describe(reply)))
              .onComplete(_ -> leases.release(lease));
        });
  }
}
