package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.metrics.ServiceMetrics;
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
  private HostExec exec;
  private int unacknowledged;

  ExecRun(RoutingContext context, boolean stream) {
    this.context = context;
    this.stream = stream;
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
    return exec.result().onSuccess(reply -> metrics.executed(reply.wallMicros()));
  }

  HostExec exec() {
    return exec;
  }

  @Override
  public void started(long pid) {
    if (stream) {
      Replies.line(context, started(Json.object(), pid));
    }
  }

  private static ObjectNode started(ObjectNode line, long pid) {
    line.putObject("started").put("pid", pid);
    return line;
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
    Replies.line(context, line);
    unacknowledged += bytes.length;
    if (!context.response().writeQueueFull()) {
      acknowledge();
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
