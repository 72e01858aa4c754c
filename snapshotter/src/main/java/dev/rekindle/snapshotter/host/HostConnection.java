package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.FrameDecoder;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostProtocol;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.ProtocolException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection of the service. {@link #read} runs on its reader thread until the connection ends.
 */
final class HostConnection {
  private static final Logger LOG = LoggerFactory.getLogger(HostConnection.class);
  private static final int READ_BUFFER_BYTES = 1 << 17;

  /** A request without reply: an exec, or anything else. */
  private sealed interface InFlight {
    record Exec(ExecStream stream) implements InFlight {}

    record Other() implements InFlight {}
  }

  /** Work that may block; its result is the reply. */
  private interface Work {
    HostReply run() throws Exception;
  }

  private final HostServer server;
  private final SocketChannel channel;
  private final Outbox outbox;
  private final Map<Integer, InFlight> inFlight = new ConcurrentHashMap<>();
  private final FrameDecoder decoder = new FrameDecoder();
  private boolean greeted;
  private volatile boolean closed;

  HostConnection(HostServer server, SocketChannel channel) {
    this.server = server;
    this.channel = channel;
    this.outbox = new Outbox(channel);
  }

  /** Writes what is sent; the body of the writer thread. */
  void write() {
    try {
      outbox.run();
    } catch (IOException e) {
      LOG.debug("connection broke while writing", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      close();
    }
  }

  /** Reads and serves requests; the body of the reader thread. */
  void read() {
    ByteBuffer buffer = ByteBuffer.allocateDirect(READ_BUFFER_BYTES);
    List<Frame> frames = new ArrayList<>();
    try {
      while (channel.read(buffer) >= 0) {
        decoder.feed(buffer.flip(), frames::add);
        buffer.clear();
        for (Frame frame : frames) {
          handle(frame);
        }
        frames.clear();
      }
    } catch (ProtocolException e) {
      LOG.warn("service broke the protocol: {}", e.getMessage());
    } catch (IOException e) {
      LOG.debug("connection broke while reading", e);
    } finally {
      close();
    }
  }

  void send(HostEvent.SandboxExited event) {
    outbox.send(new Frame.Event(0, HostJson.event(event)));
  }

  /** Ends the connection and its execs; both threads return soon. Idempotent. */
  void close() {
    closed = true;
    try {
      channel.close();
    } catch (IOException e) {
      LOG.debug("closing a connection", e);
    }
    outbox.end();
    HostException gone = new HostException("exec.canceled", "the connection is gone");
    for (InFlight pending : inFlight.values()) {
      if (pending instanceof InFlight.Exec(ExecStream stream)) {
        stream.abort(gone);
      }
    }
  }

  private void handle(Frame frame) throws ProtocolException {
    switch (frame) {
      case Frame.Request(int id, byte[] json) -> request(id, json);
      case Frame.Event(int id, byte[] json) -> event(id, json);
      case Frame.Data data -> {
        if (inFlight.get(data.requestId()) instanceof InFlight.Exec(ExecStream stream)) {
          stream.stdin(data);
        }
      }
      case Frame.Reply(int id, _) -> throw new ProtocolException("service sent a reply to " + id);
    }
  }

  private void event(int id, byte[] json) throws ProtocolException {
    switch (HostJson.readEvent(json)) {
      case HostEvent.Window(int bytes) -> {
        if (inFlight.get(id) instanceof InFlight.Exec(ExecStream stream)) {
          stream.grant(bytes);
        }
      }
      case HostEvent.Started _, HostEvent.SandboxExited _ ->
          throw new ProtocolException("service sent an event that is not its to send");
    }
  }

  private void request(int id, byte[] json) throws ProtocolException {
    if (id == 0 || inFlight.containsKey(id)) {
      throw new ProtocolException("request id " + id + " is 0 or in use");
    }
    try {
      if (inFlight.size() >= HostProtocol.MAX_REQUESTS_IN_FLIGHT) {
        throw new HostException(
            "host.too_many_requests", inFlight.size() + " requests are in flight");
      }
      serve(id, HostJson.readRequest(json));
    } catch (HostException e) {
      fail(id, e);
    }
  }

  private void serve(int id, HostRequest request) throws HostException {
    if (!greeted && !(request instanceof HostRequest.Hello)) {
      throw new HostException("host.version_unsupported", "the first request must be hello");
    }
    switch (request) {
      case HostRequest.Hello(int version) -> hello(id, version);
      case HostRequest.Acquire acquire -> work(id, () -> acquire(acquire));
      case HostRequest.Pool pool -> work(id, () -> server.pool(pool));
      case HostRequest.Exec exec -> exec(id, exec);
      case HostRequest.Cancel(int execId) -> {
        boolean canceled =
            inFlight.get(execId) instanceof InFlight.Exec(ExecStream stream)
                && stream.abort(new HostException("exec.canceled", "canceled"));
        ok(id, new HostReply.Cancel(canceled));
      }
      case HostRequest.Release(String sandboxId) -> work(id, () -> server.release(sandboxId));
      case HostRequest.Stats() -> work(id, server::stats);
    }
  }

  private void hello(int id, int version) throws HostException {
    if (version != HostProtocol.VERSION) {
      throw new HostException(
          "host.version_unsupported",
          "this host process speaks version " + HostProtocol.VERSION + ", not " + version);
    }
    greeted = true;
    ok(id, server.hello());
  }

  private HostReply acquire(HostRequest.Acquire request) throws HostException {
    HostReply reply = server.acquire(request);
    if (closed) {
      // Nobody learns of this sandbox: the service counts an acquire without a reply as failed.
      server.release(request.sandboxId());
    }
    return reply;
  }

  private void exec(int id, HostRequest.Exec request) throws HostException {
    ExecStream stream =
        new ExecStream(
            id,
            request.maxOutputBytes(),
            outbox::send,
            finished -> {
              inFlight.remove(id);
              server.registry().leave(request.sandboxId(), finished);
            });
    inFlight.put(id, new InFlight.Exec(stream));
    try {
      Sandbox sandbox = server.registry().join(request.sandboxId(), stream);
      stream.attach(sandbox.exec(request, stream));
    } catch (RuntimeException e) {
      LOG.error("exec in {}", request.sandboxId(), e);
      stream.failed(internal(e));
    } catch (HostException e) {
      inFlight.remove(id);
      throw e;
    }
  }

  private void work(int id, Work work) throws HostException {
    inFlight.put(id, new InFlight.Other());
    try {
      server.execute(() -> {
        try {
          HostReply reply = work.run();
          inFlight.remove(id);
          ok(id, reply);
        } catch (HostException e) {
          inFlight.remove(id);
          fail(id, e);
        } catch (Exception e) {
          LOG.error("request {}", id, e);
          inFlight.remove(id);
          fail(id, internal(e));
        }
      });
    } catch (RejectedExecutionException e) {
      inFlight.remove(id);
      throw SandboxRegistry.shuttingDown();
    }
  }

  private static HostException internal(Exception e) {
    return new HostException("host.internal", e.toString(), null, e);
  }

  private void ok(int id, HostReply reply) {
    outbox.send(new Frame.Reply(id, HostJson.ok(reply)));
  }

  private void fail(int id, HostException failure) {
    outbox.send(new Frame.Reply(id, HostJson.error(failure)));
  }
}
