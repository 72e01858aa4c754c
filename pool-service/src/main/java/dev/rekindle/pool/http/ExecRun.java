package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.metrics.ServiceMetrics;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.exec.ExecBody;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostExec;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;

/**
 * One command for one HTTP request: output collected, or written as lines as it comes. A client
 * that goes away has its command killed; one that reads slowly slows only its command.
 */
final class ExecRun implements HostExec.Output {
  private final RoutingContext context;
  private final boolean stream;
  private final ByteArrayOutputStream stdout = new ByteArrayOutputStream();
  private final ByteArrayOutputStream stderr = new ByteArrayOutputStream();
  private final ObjectNode opening = Json.object();
  private HostExec exec;
  private ServiceException aborted;
  private boolean opened;
  private int unacknowledged;

  ExecRun(RoutingContext context) {
    this.context = context;
    this.stream = Replies.wantsStream(context);
  }

  /**
   * Something that is known before the command runs: the first line of a stream, a member of an
   * answer in one piece.
   */
  void opening(String field, JsonNode value) {
    opening.set(field, value);
  }

  /**
   * Runs it.
   *
   * @param client of the sandbox's host process
   * @param sandboxId where
   * @param body what
   * @param metrics told when it ended
   * @return how it ended
   */
  Future<HostReply.Exec> start(
      HostClient client, String sandboxId, ExecBody body, ServiceMetrics metrics) {
    exec = client.exec(body.request(sandboxId, !stream), this);
    HttpServerResponse response = context.response();
    response.closeHandler(_ -> exec.cancel());
    if (response.closed()) {
      exec.cancel();
    }
    response.drainHandler(_ -> acknowledge());
    return exec.result()
        .onSuccess(reply -> metrics.executed(reply.wallMicros()))
        .recover(e -> Future.failedFuture(aborted == null ? e : aborted));
  }

  /** Kills the command; the reason is what its client is told. */
  void abort(ServiceException reason) {
    aborted = reason;
    exec.cancel();
  }

  HostExec exec() {
    return exec;
  }

  @Override
  public void started(long pid) {
    if (stream) {
      ObjectNode line = Json.object();
      line.putObject("started").put("pid", pid);
      line(line);
    }
  }

  @Override
  public void data(boolean isStderr, byte[] bytes) {
    if (!stream) {
      (isStderr ? stderr : stdout).writeBytes(bytes);
      exec.consumed(bytes.length);
      return;
    }
    ObjectNode line = Json.object();
    put(line, isStderr ? "stderr" : "stdout", bytes);
    line(line);
    unacknowledged += bytes.length;
    if (!Replies.isOpen(context) || !context.response().writeQueueFull()) {
      acknowledge();
    }
  }

  /**
   * The answer's head waits for the first line, so that what fails before the command runs has a
   * status of its own.
   */
  private void line(ObjectNode line) {
    if (!opened) {
      opened = true;
      Replies.begin(context);
      if (!opening.isEmpty()) {
        Replies.line(context, opening);
      }
    }
    Replies.line(context, line);
  }

  private void last(String field, ObjectNode value) {
    ObjectNode line = Json.object();
    line.set(field, value);
    line(line);
    if (Replies.isOpen(context)) {
      Replies.end(context, "");
    }
  }

  /** The command has ended. */
  void finish(ObjectNode result) {
    if (stream) {
      last("exit", result);
    } else {
      result.setAll(opening);
      Replies.json(context, 200, result);
    }
  }

  /** The command could not be run to its end. */
  void fail(Throwable failure) {
    if (opened) {
      last("error", Problems.body(Problems.of(failure)));
    } else {
      Problems.send(context, failure);
    }
  }

  private void acknowledge() {
    if (unacknowledged > 0) {
      int bytes = unacknowledged;
      unacknowledged = 0;
      exec.consumed(bytes);
    }
  }

  /** Text where it is text, base64 where it is not. */
  private static void put(ObjectNode node, String field, byte[] bytes) {
    try {
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      node.put(field, text);
    } catch (CharacterCodingException e) {
      node.put(field + "Base64", Base64.getEncoder().encodeToString(bytes));
    }
  }

  ObjectNode describe(HostReply.Exec reply) {
    ObjectNode node =
        Json.object()
            .put("exitCode", reply.exitCode())
            .put("signal", reply.signal())
            .put("timedOut", reply.timedOut())
            .put("outOfMemory", reply.outOfMemory())
            .put("truncated", reply.outputTruncated())
            .put("wallMicros", reply.wallMicros())
            .put("cpuMicros", reply.cpuMicros())
            .put("maxRssBytes", reply.maxRssBytes());
    if (!stream) {
      put(node, "stdout", stdout.toByteArray());
      put(node, "stderr", stderr.toByteArray());
    }
    return node;
  }
}
