package dev.rekindle.pool.http;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.exec.ExecBody;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.template.TemplateName;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.parsetools.RecordParser;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * {@code /v1/leases/{id}/exec} and {@code /v1/run}. The body is one JSON object; or, as {@code
 * application/x-ndjson}, that object on the first line and standard input on those that follow:
 * {@code {"stdin":"text"}} or {@code {"stdinBase64":"..."}}, its end being the body's.
 */
final class ExecRoutes {
  private static final int MAX_BODY_BYTES = 8 << 20;
  private static final long MAX_STDIN_QUEUED = 256 * 1024;

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
      Integer ttlSeconds,
      @JsonProperty(required = true) ExecBody exec) {
    RunBody {
      if (template == null || !TemplateName.isValid(template)) {
        throw new IllegalArgumentException(
            "template must match " + TemplateName.PATTERN + ", got " + template);
      }
      ttlSeconds = LeaseRoutes.ttl(ttlSeconds);
      if (exec == null) {
        throw new IllegalArgumentException("exec must be there");
      }
    }
  }

  record StdinLine(String stdin, String stdinBase64) {
    byte[] bytes() {
      if (stdin != null) {
        return stdin.getBytes(StandardCharsets.UTF_8);
      }
      return stdinBase64 == null ? new byte[0] : Base64.getDecoder().decode(stdinBase64);
    }
  }

  void mount(Router router) {
    router.post("/v1/leases/:id/exec").handler(this::exec);
    router.post("/v1/run").handler(this::run);
  }

  /** The lines of a request: the first as the request, the others as standard input. */
  private final class Input {
    private final RoutingContext context;
    private final HttpServerRequest request;
    private final boolean lines;
    private final Promise<byte[]> first = Promise.promise();
    private final Buffer whole = Buffer.buffer();
    private final java.util.List<Buffer> early = new java.util.ArrayList<>();
    private ExecRun run;
    private boolean atEnd;

    Input(RoutingContext context) {
      this.context = context;
      request = context.request();
      String type = request.getHeader("Content-Type");
      lines = type != null && type.startsWith(Replies.NDJSON);
      if (lines) {
        RecordParser parser = RecordParser.newDelimited("\n", this::line);
        parser.maxRecordSize(MAX_BODY_BYTES);
        parser.exceptionHandler(this::fail);
        request.handler(parser::handle);
      } else {
        request.handler(this::part);
      }
      request.exceptionHandler(this::fail);
      request.endHandler(_ -> end());
    }

    private void fail(Throwable e) {
      first.tryFail(
          e instanceof ServiceException || Problems.isClientGone(e)
              ? e
              : new ServiceException(ErrorCode.REQUEST_TOO_LARGE, String.valueOf(e.getMessage())));
    }

    private void part(Buffer buffer) {
      if (whole.length() + buffer.length() > MAX_BODY_BYTES) {
        fail(
            new ServiceException(
                ErrorCode.REQUEST_TOO_LARGE, "the body must have at most " + MAX_BODY_BYTES));
      } else {
        whole.appendBuffer(buffer);
      }
    }

    private void line(Buffer line) {
      if (first.tryComplete(line.getBytes())) {
        request.pause();
        return;
      }
      if (run == null) {
        // Pausing the request holds back no lines of a chunk that is being cut already.
        early.add(line);
        return;
      }
      try {
        run.exec().stdin(Json.read(line.getBytes(), StdinLine.class).bytes());
      } catch (ServiceException | IllegalArgumentException e) {
        run.exec().cancel();
        return;
      }
      if (run.exec().stdinQueued() > MAX_STDIN_QUEUED) {
        request.pause();
      }
    }

    private void end() {
      atEnd = true;
      first.tryComplete(whole.getBytes());
      if (run != null && lines) {
        run.exec().stdinEof();
      }
    }

    private void goOn() {
      if (!atEnd) {
        request.resume();
      }
    }

    /** Connects what follows to the command's standard input. */
    void feed(ExecRun started, ExecBody body) {
      run = started;
      byte[] given = body.input();
      if (given != null) {
        run.exec().stdin(given);
      }
      early.forEach(this::line);
      early.clear();
      if (!lines || atEnd) {
        run.exec().stdinEof();
      } else {
        run.exec().onStdinDrained(this::goOn);
        goOn();
      }
      context.response().exceptionHandler(_ -> run.exec().cancel());
    }
  }

  private void exec(RoutingContext context) {
    Input input = new Input(context);
    input
        .first
        .future()
        .onSuccess(first ->
            guarded(
                context,
                () -> {
                  ExecBody body = Json.read(first, ExecBody.class);
                  Lease lease = LeaseRoutes.held(context, leases);
                  boolean stream = Replies.wantsStream(context);
                  ExecRun run = new ExecRun(context, stream);
                  host.get()
                      .compose(client -> {
                        if (stream) {
                          Replies.begin(context);
                        }
                        Future<HostReply.Exec> ended = run.start(client, lease.id(), body, metrics);
                        input.feed(run, body);
                        return ended;
                      })
                      .onSuccess(reply -> finish(context, stream, run.describe(reply)))
                      .onFailure(e -> fail(context, stream, explain(lease, e)));
                }))
        .onFailure(e -> Problems.send(context, e));
  }

  private static void guarded(RoutingContext context, Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      context.request().resume();
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
    Input input = new Input(context);
    input
        .first
        .future()
        .onSuccess(first -> guarded(context, () -> runWith(context, input, first)))
        .onFailure(e -> Problems.send(context, e));
  }

  private void runWith(RoutingContext context, Input input, byte[] first) {
    RunBody body = Json.read(first, RunBody.class);
    boolean stream = Replies.wantsStream(context);
    Promise<Lease> acquired = leases.acquire(body.template(), body.ttlSeconds());
    context
        .response()
        .closeHandler(_ -> acquired.tryFail(new IllegalStateException("the client has gone")));
    acquired
        .future()
        .onFailure(e -> Problems.send(context, e))
        .onSuccess(lease -> {
          if (stream) {
            Replies.begin(context);
            Replies.line(context, wrap("lease", LeaseRoutes.describe(lease)));
          }
          ExecRun run = new ExecRun(context, stream);
          host.get()
              .compose(client -> {
                Future<HostReply.Exec> ended = run.start(client, lease.id(), body.exec(), metrics);
                input.feed(run, body.exec());
                return ended;
              })
              .onFailure(e -> fail(context, stream, explain(lease, e)))
              .onSuccess(reply -> {
                ObjectNode result = run.describe(reply);
                if (!stream) {
                  result.set("lease", LeaseRoutes.describe(lease));
                }
                finish(context, stream, result);
              })
              .onComplete(_ -> leases.release(lease));
        });
  }

  private static ObjectNode wrap(String field, JsonNode value) {
    ObjectNode node = Json.object();
    node.set(field, value);
    return node;
  }

  private static void finish(RoutingContext context, boolean stream, ObjectNode result) {
    if (stream) {
      Replies.line(context, wrap("exit", result));
      end(context);
    } else {
      Replies.json(context, 200, result);
    }
  }

  private static void fail(RoutingContext context, boolean stream, Throwable failure) {
    if (stream && context.response().headWritten()) {
      Replies.line(context, wrap("error", Problems.body(Problems.of(failure))));
      end(context);
    } else if (stream) {
      Consumer<RoutingContext> plain = c -> c.response().setChunked(false);
      plain.accept(context);
      Problems.send(context, failure);
    } else {
      Problems.send(context, failure);
    }
  }

  private static void end(RoutingContext context) {
    if (!context.response().ended() && !context.response().closed()) {
      Replies.end(context, "");
    }
  }
}
