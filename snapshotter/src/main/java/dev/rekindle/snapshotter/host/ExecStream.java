package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostProtocol;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.ProtocolException;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * One exec between socket and guest: flow control of both directions and the one final reply.
 * Output that came while the window was shut waits here; it is bounded by the guest's own credit,
 * for the guest is paused meanwhile. Thread: any.
 */
final class ExecStream implements ExecObserver {
  private final int requestId;
  private final Consumer<Frame> out;
  private final Consumer<ExecStream> onFinished;
  private final ArrayDeque<Frame.Data> waiting = new ArrayDeque<>();
  private final long maxOutputBytes;
  private ExecSession session;
  private HostReply.Exec result;
  private long outputBytes;
  private long outputWindow = HostProtocol.INITIAL_WINDOW_BYTES;
  private long stdinWindow = HostProtocol.INITIAL_WINDOW_BYTES;
  private boolean truncated;
  private boolean paused;
  private boolean finished;

  /**
   * @param maxOutputBytes 0: no limit
   * @param out takes frames for the socket without blocking
   * @param onFinished called once, after the reply was given to {@code out}
   */
  ExecStream(
      int requestId, long maxOutputBytes, Consumer<Frame> out, Consumer<ExecStream> onFinished) {
    this.requestId = requestId;
    this.maxOutputBytes = maxOutputBytes == 0 ? Long.MAX_VALUE : maxOutputBytes;
    this.out = out;
    this.onFinished = onFinished;
  }

  int requestId() {
    return requestId;
  }

  /** Binds the session, which may have called back already. */
  synchronized void attach(ExecSession started) {
    session = started;
    if (finished) {
      started.kill();
    } else if (paused) {
      started.pauseOutput();
    }
  }

  @Override
  public synchronized void started(long pid) {
    if (!finished) {
      out.accept(new Frame.Event(requestId, HostJson.event(new HostEvent.Started(pid))));
    }
  }

  @Override
  public synchronized void output(StreamKind stream, byte[] bytes) {
    if (finished) {
      return;
    }
    int kept = (int) Math.min(bytes.length, maxOutputBytes - outputBytes);
    truncated |= kept < bytes.length;
    outputBytes += kept;
    for (int at = 0; at < kept; at += HostProtocol.MAX_DATA_BYTES) {
      int end = Math.min(kept, at + HostProtocol.MAX_DATA_BYTES);
      byte[] part = at == 0 && end == bytes.length ? bytes : Arrays.copyOfRange(bytes, at, end);
      waiting.add(new Frame.Data(requestId, stream, part));
    }
    flush();
  }

  @Override
  public synchronized void stdinTaken(int bytes) {
    if (!finished && bytes > 0) {
      stdinWindow += bytes;
      out.accept(new Frame.Event(requestId, HostJson.event(new HostEvent.Window(bytes))));
    }
  }

  @Override
  public void ended(HostReply.Exec ended) {
    synchronized (this) {
      if (finished) {
        return;
      }
      result = ended;
      flush();
    }
    finishIfDrained();
  }

  @Override
  public void failed(HostException failure) {
    finish(HostJson.error(failure));
  }

  /** A window event came from the service. */
  void grant(int bytes) {
    synchronized (this) {
      outputWindow += bytes;
      flush();
      if (paused && waiting.isEmpty() && session != null) {
        paused = false;
        session.resumeOutput();
      }
    }
    finishIfDrained();
  }

  /**
   * Data came from the service.
   *
   * @throws ProtocolException beyond the window, or on a stream that is not the service's to write
   */
  synchronized void stdin(Frame.Data data) throws ProtocolException {
    if (data.stream() == StreamKind.STDOUT || data.stream() == StreamKind.STDERR) {
      throw new ProtocolException("service wrote to " + data.stream());
    }
    stdinWindow -= data.bytes().length;
    if (stdinWindow < 0) {
      throw new ProtocolException("stdin of request " + requestId + " beyond its window");
    }
    if (finished || session == null) {
      return;
    }
    if (data.stream() == StreamKind.STDIN_EOF) {
      session.stdinEof();
    } else {
      session.stdin(data.bytes());
    }
  }

  /** Kills the command and replies with the reason; false if it had finished. */
  boolean abort(HostException reason) {
    if (!finish(HostJson.error(reason))) {
      return false;
    }
    synchronized (this) {
      if (session != null) {
        session.kill();
      }
    }
    return true;
  }

  private void flush() {
    while (!waiting.isEmpty() && outputWindow > 0) {
      Frame.Data data = waiting.remove();
      byte[] bytes = data.bytes();
      if (bytes.length > outputWindow) {
        int fits = (int) outputWindow;
        byte[] rest = Arrays.copyOfRange(bytes, fits, bytes.length);
        waiting.addFirst(new Frame.Data(requestId, data.stream(), rest));
        bytes = Arrays.copyOf(bytes, fits);
      }
      outputWindow -= bytes.length;
      out.accept(new Frame.Data(requestId, data.stream(), bytes));
    }
    if (!waiting.isEmpty() && !paused) {
      paused = true;
      if (session != null) {
        session.pauseOutput();
      }
    }
  }

  private void finishIfDrained() {
    byte[] reply;
    synchronized (this) {
      if (finished || result == null || !waiting.isEmpty()) {
        return;
      }
      HostReply.Exec r = result;
      reply =
          HostJson.ok(
              new HostReply.Exec(
                  r.exitCode(),
                  r.signal(),
                  r.timedOut(),
                  r.outOfMemory(),
                  r.wallMicros(),
                  r.cpuMicros(),
                  r.maxRssBytes(),
                  r.outputTruncated() || truncated));
    }
    finish(reply);
  }

  private boolean finish(byte[] reply) {
    synchronized (this) {
      if (finished) {
        return false;
      }
      finished = true;
      waiting.clear();
      out.accept(new Frame.Reply(requestId, reply));
    }
    onFinished.accept(this);
    return true;
  }
}
