package dev.rekindle.pool.hostclient;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.FrameDecoder;
import dev.rekindle.snapshotter.host.protocol.FrameEncoder;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostProtocol;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.ProtocolException;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.NetClient;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One connection to a host process. Thread: the event loop it was made on. */
public final class HostClient {
  private static final Logger LOG = LoggerFactory.getLogger(HostClient.class);

  private record Pending<T extends HostReply>(Class<T> type, Promise<T> promise) {
    void complete(byte[] json) {
      try {
        promise.tryComplete(HostJson.readReply(json, type));
      } catch (HostException e) {
        promise.tryFail(e);
      }
    }
  }

  private final NetSocket socket;
  private final HostListener listener;
  private final FrameDecoder decoder = new FrameDecoder();
  private final Map<Integer, Pending<?>> pending = new HashMap<>();
  private final Map<Integer, HostExec> execs = new HashMap<>();
  private int lastId;
  private boolean closed;

  private HostClient(NetSocket socket, HostListener listener) {
    this.socket = socket;
    this.listener = listener;
    socket.handler(this::received);
    socket.closeHandler(_ -> lost());
    socket.exceptionHandler(e -> LOG.warn("host connection", e));
  }

  /**
   * Connects and says hello.
   *
   * @param net makes the connection, on whose event loop all of it runs; must stay reachable, since
   *     Vert.x closes a client and its connections when it is collected as garbage
   * @param path of the host process's socket
   * @param listener told of what comes unasked
   * @return the client, once the host process has answered
   */
  public static Future<HostClient> connect(NetClient net, Path path, HostListener listener) {
    return net.connect(SocketAddress.domainSocketAddress(path.toString()))
        .map(socket -> new HostClient(socket, listener))
        .compose(client ->
            client
                .request(new HostRequest.Hello(HostProtocol.VERSION), HostReply.Hello.class)
                .map(client));
  }

  /**
   * Asks for something.
   *
   * @param request what
   * @param type of the reply
   * @param <T> of the reply
   * @return the reply, or a {@link HostException} as failure
   */
  public <T extends HostReply> Future<T> request(HostRequest request, Class<T> type) {
    if (closed) {
      return Future.failedFuture(gone());
    }
    Promise<T> promise = Promise.promise();
    int id = nextId();
    pending.put(id, new Pending<>(type, promise));
    send(new Frame.Request(id, HostJson.request(request)));
    return promise.future();
  }

  /**
   * Runs a command.
   *
   * @param request what and where
   * @param output told of what it puts out
   * @return the command
   */
  public HostExec exec(HostRequest.Exec request, HostExec.Output output) {
    int id = nextId();
    HostExec exec = new HostExec(this, id, output);
    if (closed) {
      exec.fail(gone());
      return exec;
    }
    execs.put(id, exec);
    send(new Frame.Request(id, HostJson.request(request)));
    return exec;
  }

  private int nextId() {
    do {
      lastId = lastId == Integer.MAX_VALUE ? 1 : lastId + 1;
    } while (pending.containsKey(lastId) || execs.containsKey(lastId));
    return lastId;
  }

  void send(Frame frame) {
    if (!closed) {
      socket.write(Buffer.buffer(FrameEncoder.encode(frame)));
    }
  }

  private void received(Buffer buffer) {
    try {
      decoder.feed(ByteBuffer.wrap(buffer.getBytes()), this::dispatch);
    } catch (ProtocolException | RuntimeException e) {
      LOG.error("the host process broke the protocol; the connection is closed", e);
      socket.close();
    }
  }

  private void dispatch(Frame frame) {
    HostExec exec = execs.get(frame.requestId());
    switch (frame) {
      case Frame.Reply reply -> reply(reply, exec);
      case Frame.Data data -> {
        if (exec != null) {
          guarded(exec, () -> exec.data(data));
        }
      }
      case Frame.Event event -> event(event, exec);
      case Frame.Request _ -> throw new IllegalStateException("a host process asks nothing");
    }
  }

  private void reply(Frame.Reply reply, HostExec exec) {
    if (exec != null) {
      execs.remove(reply.requestId());
      try {
        exec.end(HostJson.readReply(reply.json(), HostReply.Exec.class));
      } catch (HostException e) {
        exec.fail(e);
      }
      return;
    }
    Pending<?> asked = pending.remove(reply.requestId());
    if (asked != null) {
      asked.complete(reply.json());
    }
  }

  private void event(Frame.Event frame, HostExec exec) {
    HostEvent event;
    try {
      event = HostJson.readEvent(frame.json());
    } catch (ProtocolException e) {
      throw new IllegalStateException(e);
    }
    if (event instanceof HostEvent.SandboxExited exited) {
      listener.sandboxExited(exited.sandboxId(), exited.reason(), exited.consoleTail());
    } else if (exec != null) {
      guarded(exec, () -> exec.event(event));
    }
  }

  /** A fault in one command's consumer ends that command, not the connection of all. */
  private static void guarded(HostExec exec, Runnable action) {
    try {
      action.run();
    } catch (RuntimeException e) {
      LOG.error("a command's output could not be handled; it is killed", e);
      exec.cancel();
      exec.fail(e);
    }
  }

  private void lost() {
    closed = true;
    ServiceException failure = gone();
    var waiting = new ArrayList<>(pending.values());
    var running = new ArrayList<>(execs.values());
    pending.clear();
    execs.clear();
    // First the leases: whoever asks why a command failed shall find that its sandbox is lost.
    listener.hostLost();
    waiting.forEach(p -> p.promise().tryFail(failure));
    running.forEach(e -> e.fail(failure));
  }

  private static ServiceException gone() {
    return new ServiceException(
        ErrorCode.HOST_UNAVAILABLE, "the host process is gone; it is being replaced, try again");
  }

  /**
   * @return done when the connection is closed
   */
  public Future<Void> close() {
    return socket.close();
  }
}
