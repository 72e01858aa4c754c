package dev.rekindle.snapshotter.agent;

import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import dev.rekindle.vmm.virtio.vsock.VsockListener;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** A guest played by the test; its device loop is one thread. */
final class FakeGuest implements AgentTransport, AutoCloseable {
  private final ScheduledExecutorService loop = Executors.newSingleThreadScheduledExecutor();
  final List<Link> links = new ArrayList<>();
  private int refusals;

  /** One connection. */
  final class Link implements Connection {
    final VsockListener listener;
    final ByteArrayOutputStream sent = new ByteArrayOutputStream();
    private Runnable onDrained;
    volatile boolean closed;
    volatile boolean paused;

    Link(VsockListener listener) {
      this.listener = listener;
    }

    @Override
    public void send(byte[] bytes) {
      loop.execute(() -> {
        sent.writeBytes(bytes);
        if (onDrained != null) {
          onDrained.run();
        }
      });
    }

    @Override
    public int queuedBytes() {
      return 0;
    }

    @Override
    public void onDrained(Runnable action) {
      loop.execute(() -> {
        onDrained = action;
        action.run();
      });
    }

    @Override
    public void pauseReading() {
      paused = true;
    }

    @Override
    public void resumeReading() {
      paused = false;
    }

    @Override
    public void close() {
      loop.execute(() -> end(VsockCloseReason.CLOSED));
    }

    void end(VsockCloseReason reason) {
      if (!closed) {
        closed = true;
        listener.onClosed(reason);
      }
    }

    /** The guest sends a frame, in two pieces. */
    void reply(int type, byte[] payload) throws Exception {
      byte[] frame =
          ByteBuffer.allocate(5 + payload.length)
              .order(ByteOrder.LITTLE_ENDIAN)
              .putInt(payload.length)
              .put((byte) type)
              .put(payload)
              .array();
      onLoop(() -> {
        listener.onData(java.util.Arrays.copyOf(frame, 3));
        listener.onData(java.util.Arrays.copyOfRange(frame, 3, frame.length));
      });
    }
  }

  /** Lets the next connections be refused. */
  void refuse(int count) {
    refusals = count;
  }

  @Override
  public Connection connect(VsockListener listener) {
    Link link = new Link(listener);
    synchronized (this) {
      if (refusals > 0) {
        refusals--;
        loop.execute(() -> link.end(VsockCloseReason.RESET));
      } else {
        links.add(link);
        notifyAll();
      }
    }
    return link;
  }

  @Override
  public Runnable schedule(long delayNanos, Runnable action) {
    Future<?> timer = loop.schedule(action, delayNanos, TimeUnit.NANOSECONDS);
    return () -> timer.cancel(false);
  }

  synchronized Link link(int index) throws InterruptedException {
    while (links.size() <= index) {
      wait();
    }
    return links.get(index);
  }

  void onLoop(Runnable action) throws InterruptedException, ExecutionException {
    loop.submit(action).get();
  }

  @Override
  public void close() {
    loop.shutdownNow();
  }
}
