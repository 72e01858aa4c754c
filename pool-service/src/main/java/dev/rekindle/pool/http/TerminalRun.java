package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.pool.auth.Grant;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.pool.exec.ExecBody;
import dev.rekindle.pool.fleet.HostFleet;
import dev.rekindle.pool.hostclient.HostClient;
import dev.rekindle.pool.hostclient.HostExec;
import dev.rekindle.pool.lease.Lease;
import dev.rekindle.pool.lease.LeaseTable;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.ServerWebSocket;
import java.nio.charset.StandardCharsets;

/**
 * One terminal. The client's first message is the command, as text; then binary messages are input,
 * text ones say another size. Binary messages to the client are output, text ones say {@code
 * started}, {@code exit} or {@code error}. A client that goes away has its command killed; so has
 * one that reads nothing for {@value #STALL_MILLIS} ms.
 */
final class TerminalRun implements HostExec.Output {
  private static final long STALL_MILLIS = 60_000;
  private static final long MAX_STDIN_QUEUED = 256 * 1024;
  private static final short NORMAL = 1000;
  private static final short POLICY = 1008;

  record Said(HostRequest.Terminal resize) {}

  private final ServerWebSocket socket;
  private final Grant grant;
  private final Lease lease;
  private final LeaseTable leases;
  private final Vertx vertx;
  private HostExec exec;
  private boolean asked;
  private boolean over;
  private int unacknowledged;
  private long stall = -1;

  TerminalRun(ServerWebSocket socket, Grant grant, Lease lease, LeaseTable leases) {
    this.socket = socket;
    this.grant = grant;
    this.lease = lease;
    this.leases = leases;
    this.vertx = Vertx.currentContext().owner();
  }

  void open(HostFleet hosts) {
    socket.closeHandler(_ -> closed());
    socket.exceptionHandler(_ -> socket.close());
    socket.drainHandler(_ -> acknowledge());
    socket.binaryMessageHandler(this::input);
    socket.textMessageHandler(text -> told(text, hosts));
    grant.onLost(this::fail);
  }

  private void closed() {
    over = true;
    grant.end();
    vertx.cancelTimer(stall);
    if (exec != null) {
      exec.cancel();
    }
  }

  private void told(String text, HostFleet hosts) {
    byte[] json = text.getBytes(StandardCharsets.UTF_8);
    try {
      if (asked) {
        HostRequest.Terminal size = Json.read(json, Said.class).resize();
        if (exec != null && size != null) {
          exec.resize(size);
        }
      } else {
        asked = true;
        start(Json.read(json, ExecBody.class), hosts);
      }
    } catch (ServiceException e) {
      fail(e);
    }
  }

  private void start(ExecBody body, HostFleet hosts) {
    if (body.terminal() == null) {
      throw new ServiceException(ErrorCode.REQUEST_INVALID, "terminal must be there");
    }
    HostClient client =
        hosts
            .holder(lease.id())
            .orElseThrow(() ->
                new ServiceException(
                    ErrorCode.HOST_UNAVAILABLE,
                    "the host process of lease " + lease.id() + " is gone"));
    exec = client.exec(body.request(lease.id(), false), this);
    exec.result().onSuccess(this::finish).onFailure(this::fail);
  }

  private void input(Buffer bytes) {
    if (exec == null) {
      fail(new ServiceException(ErrorCode.REQUEST_INVALID, "the command comes before its input"));
      return;
    }
    exec.stdin(bytes.getBytes());
    if (exec.stdinQueued() > MAX_STDIN_QUEUED) {
      socket.pause();
      exec.onStdinDrained(socket::resume);
    }
  }

  @Override
  public void started(long pid) {
    ObjectNode said = Json.object();
    said.putObject("started").put("pid", pid);
    say(said);
  }

  @Override
  public void data(boolean stderr, byte[] bytes) {
    if (over) {
      return;
    }
    socket.writeBinaryMessage(Buffer.buffer(bytes));
    unacknowledged += bytes.length;
    if (!socket.writeQueueFull()) {
      acknowledge();
    } else if (stall < 0) {
      stall = vertx.setTimer(STALL_MILLIS, _ -> socket.close(POLICY, "nothing was read"));
    }
  }

  private void acknowledge() {
    vertx.cancelTimer(stall);
    stall = -1;
    if (unacknowledged > 0 && exec != null) {
      int bytes = unacknowledged;
      unacknowledged = 0;
      exec.consumed(bytes);
    }
  }

  private void say(ObjectNode said) {
    if (!over) {
      socket.writeTextMessage(Json.text(said));
    }
  }

  private void finish(HostReply.Exec reply) {
    ObjectNode said = Json.object();
    said.putObject("exit").put("exitCode", reply.exitCode()).put("signal", reply.signal());
    say(said);
    close();
  }

  private void fail(Throwable failure) {
    if (!over) {
      ObjectNode said = Json.object();
      said.set("error", Problems.body(Problems.of(explain(failure))));
      say(said);
      close();
    }
  }

  private void close() {
    if (!over) {
      socket.close(NORMAL);
      closed();
    }
  }

  /** A command that failed because its lease ended is told so by the lease's own error. */
  private Throwable explain(Throwable failure) {
    try {
      leases.find(lease.id());
      return failure;
    } catch (ServiceException ended) {
      return ended;
    }
  }
}
