package dev.rekindle.snapshotter.agent;

import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import dev.rekindle.vmm.virtio.vsock.VsockListener;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/**
 * A connection to the agent that serves one call after the other, so that a call need not wait for
 * a new one. Between calls it lies in its {@link Idle} place. Thread: any.
 */
final class AgentLine implements VsockListener {
  /** Where the line of an agent waits for the next call; at most one does. */
  static final class Idle {
    private final AtomicReference<AgentLine> line = new AtomicReference<>();

    /** The caller's from now on; null if there is none. */
    AgentLine take() {
      return line.getAndSet(null);
    }

    /** Keeps it, or closes it if there is one already or it is dead. */
    void keep(AgentLine given) {
      if (given.closed || !line.compareAndSet(null, given)) {
        given.close();
      }
    }
  }

  /** Hears of the line while it has it. */
  interface User {
    void reply(AgentFrames.Reply reply);

    /** The guest took the connection. */
    void connected();

    /** The line is of no use any more. */
    void lost(String why, boolean broken);
  }

  private final AgentFrames frames = new AgentFrames();
  private final List<byte[]> early = new ArrayList<>();
  private AgentTransport.Connection connection;
  private volatile User user;
  private volatile boolean closed;

  /** Not connected yet; whoever hears of it may use it already. */
  AgentLine(User user) {
    this.user = user;
  }

  /** Connects; what happens on the line is told before or after this returns. */
  void connect(AgentTransport transport) {
    AgentTransport.Connection opened = transport.connect(this);
    List<byte[]> waiting;
    synchronized (this) {
      connection = opened;
      waiting = List.copyOf(early);
      early.clear();
    }
    waiting.forEach(opened::send);
    if (closed) {
      opened.close();
    }
  }

  /** Gives it to the next user, or to nobody. */
  void use(User next) {
    user = next;
    if (closed && next != null) {
      next.lost("connection to the agent is closed", false);
    }
  }

  /** The connection; null until there is one, and then the request is kept for it. */
  private synchronized AgentTransport.Connection connection(byte[] request) {
    if (connection == null && request != null) {
      early.add(request);
    }
    return connection;
  }

  void send(byte[] request) {
    AgentTransport.Connection opened = connection(request);
    if (opened != null) {
      opened.send(request);
    }
  }

  void close() {
    closed = true;
    user = null;
    AgentTransport.Connection opened = connection(null);
    if (opened != null) {
      opened.close();
    }
  }

  @Override
  public void onConnected() {
    User hearing = user;
    if (hearing != null) {
      hearing.connected();
    }
  }

  @Override
  public void onData(byte[] data) {
    try {
      for (AgentFrames.Reply reply : frames.feed(data)) {
        User hearing = user;
        if (hearing == null) {
          // Nobody asked: whatever the guest means by it, the next call shall not take it for its
          // own.
          close();
          return;
        }
        hearing.reply(reply);
      }
    } catch (AgentFrames.MalformedException e) {
      User hearing = user;
      close();
      if (hearing != null) {
        hearing.lost(e.getMessage(), true);
      }
    }
  }

  @Override
  public void onClosed(VsockCloseReason reason) {
    closed = true;
    User hearing = user;
    if (hearing != null) {
      hearing.lost("connection to the agent: " + reason, false);
    }
  }
}
