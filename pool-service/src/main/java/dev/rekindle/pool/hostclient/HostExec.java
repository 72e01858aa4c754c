package dev.rekindle.pool.hostclient;

import dev.rekindle.snapshotter.host.protocol.Frame;
import dev.rekindle.snapshotter.host.protocol.HostEvent;
import dev.rekindle.snapshotter.host.protocol.HostJson;
import dev.rekindle.snapshotter.host.protocol.HostProtocol;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.host.protocol.StreamKind;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/** A command in a sandbox, seen from the service. Thread: the client's event loop. */
public final class HostExec {
  /** What a command puts out. */
  public interface Output {
    /**
     * The command runs.
     *
     * @param pid the guest's
     */
    void started(long pid);

    /**
     * Output, in the order of its stream.
     *
     * @param stderr which stream
     * @param bytes the receiver's to keep; give them back by {@link HostExec#consumed}
     */
    void data(boolean stderr, byte[] bytes);
  }

  private final HostClient client;
  private final int requestId;
  private final Output output;
  private final Promise<HostReply.Exec> done = Promise.promise();
  private final Deque<byte[]> stdin = new ArrayDeque<>();
  private long stdinQueued;
  private boolean stdinEnd;
  private long sendWindow = HostProtocol.INITIAL_WINDOW_BYTES;
  private int toGrant;
  private boolean ended;
  private Runnable onStdinDrained = () -> {};

  HostExec(HostClient client, int requestId, Output output) {
    this.client = client;
    this.requestId = requestId;
    this.output = output;
  }

  /**
   * @return how it ended, or the host's error
   */
  public Future<HostReply.Exec> result() {
    return done.future();
  }

  /**
   * Sends standard input; what has no window yet is queued.
   *
   * @param bytes not copied
   */
  public void stdin(byte[] bytes) {
    if (!ended && !stdinEnd && bytes.length > 0) {
      stdin.add(bytes);
      stdinQueued += bytes.length;
      pump();
    }
  }

  /** Ends standard input, behind what is queued. */
  public void stdinEof() {
    if (!ended && !stdinEnd) {
      stdinEnd = true;
      pump();
    }
  }

  /**
   * @return bytes of standard input that wait for the command
   */
  public long stdinQueued() {
    return stdinQueued;
  }

  /**
   * @param action called each time no input waits any more
   */
  public void onStdinDrained(Runnable action) {
    onStdinDrained = action;
  }

  private void pump() {
    while (sendWindow > 0 && !stdin.isEmpty()) {
      byte[] first = stdin.poll();
      int length = (int) Math.min(sendWindow, HostProtocol.MAX_DATA_BYTES);
      if (length < first.length) {
        stdin.addFirst(Arrays.copyOfRange(first, length, first.length));
        first = Arrays.copyOf(first, length);
      }
      sendWindow -= first.length;
      stdinQueued -= first.length;
      client.send(new Frame.Data(requestId, StreamKind.STDIN, first));
    }
    if (stdin.isEmpty()) {
      if (stdinEnd) {
        stdinEnd = false;
        ended = true;
        client.send(new Frame.Data(requestId, StreamKind.STDIN_EOF, new byte[0]));
      } else {
        onStdinDrained.run();
      }
    }
  }

  /**
   * The receiver has dealt with output; the command may put out as much again.
   *
   * @param bytes how many
   */
  public void consumed(int bytes) {
    toGrant += bytes;
    // Half a window at a time, so that grants do not cost a frame for each piece of output.
    if (toGrant >= HostProtocol.INITIAL_WINDOW_BYTES / 2 && !done.future().isComplete()) {
      client.send(new Frame.Event(requestId, HostJson.event(new HostEvent.Window(toGrant))));
      toGrant = 0;
    }
  }

  /** Kills the command with all its processes. */
  public void cancel() {
    if (!done.future().isComplete()) {
      client.request(new HostRequest.Cancel(requestId), HostReply.Cancel.class);
    }
  }

  void event(HostEvent event) {
    switch (event) {
      case HostEvent.Started started -> output.started(started.pid());
      case HostEvent.Window window -> {
        sendWindow += window.bytes();
        pump();
      }
      case HostEvent.SandboxExited _ -> {
        // Has request id 0 and never comes here.
      }
    }
  }

  void data(Frame.Data data) {
    output.data(data.stream() == StreamKind.STDERR, data.bytes());
  }

  void end(HostReply.Exec reply) {
    ended = true;
    done.tryComplete(reply);
  }

  void fail(Throwable failure) {
    ended = true;
    stdin.clear();
    done.tryFail(failure);
  }
}
