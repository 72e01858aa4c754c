package dev.rekindle.vmm.virtio.vsock;

import dev.rekindle.vmm.abi.virtio.VirtioVsock;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * A stream between this process and the guest. What is sent is queued without a limit of its own:
 * senders look at {@link #queuedBytes} and wait for {@link #onDrained}. What the guest sends is
 * bounded by the credit it is granted, {@link #RECEIVE_BYTES}.
 *
 * <p>Thread: public methods from any; they act on the device loop.
 */
public final class VsockConnection {
  /** Receive buffer granted to the guest, bytes. */
  public static final int RECEIVE_BYTES = 256 * 1024;

  private final VsockDevice device;
  private final int hostPort;
  private final int guestPort;

  // All used under the device's lock only.
  private VsockListener listener;
  private boolean established;
  private boolean closed;
  private final Deque<byte[]> sendQueue = new ArrayDeque<>();
  private int sendOffset;
  private volatile int queuedBytes;
  private boolean shutdownWanted;
  private boolean shutdownSent;
  private int peerBufAlloc;
  private int peerFwdCnt;
  private int sentCount;
  private int receivedCount;
  private int consumedCount;
  private int announcedCount;
  private boolean readPaused;
  private final Deque<byte[]> held = new ArrayDeque<>();
  private boolean peerSendsNoMore;
  private boolean peerReceivesNoMore;
  private boolean peerShutdownTold;
  private Runnable onDrained;

  VsockConnection(VsockDevice device, int hostPort, int guestPort) {
    this.device = device;
    this.hostPort = hostPort;
    this.guestPort = guestPort;
  }

  void listener(VsockListener newListener) {
    listener = newListener;
  }

  VsockListener listener() {
    return listener;
  }

  long key() {
    return key(hostPort, guestPort);
  }

  static long key(int hostPort, int guestPort) {
    return (long) hostPort << 32 | Integer.toUnsignedLong(guestPort);
  }

  int hostPort() {
    return hostPort;
  }

  int guestPort() {
    return guestPort;
  }

  int consumedCount() {
    announcedCount = consumedCount;
    return consumedCount;
  }

  /**
   * Sends bytes, in order; they are queued until the guest has room.
   *
   * @param data not copied; must not change afterwards
   */
  public void send(byte[] data) {
    if (data.length == 0) {
      return;
    }
    device.execute(() -> {
      if (!closed && !shutdownWanted) {
        sendQueue.add(data);
        queuedBytes += data.length;
        device.flush();
      }
    });
  }

  /**
   * @return bytes queued and not yet given to the guest
   */
  public int queuedBytes() {
    return queuedBytes;
  }

  /**
   * Sets what is called, on the device loop, each time the queue of bytes to send becomes empty.
   *
   * @param action or null
   */
  public void onDrained(Runnable action) {
    device.execute(() -> {
      onDrained = action;
      if (action != null && queuedBytes == 0 && !closed) {
        action.run();
      }
    });
  }

  /** Stops calling {@code onData}; the guest's credit then runs out. */
  public void pauseReading() {
    device.execute(() -> readPaused = true);
  }

  /** Goes on calling {@code onData}, first with what was held back. */
  public void resumeReading() {
    device.execute(() -> {
      readPaused = false;
      while (!closed && !readPaused && !held.isEmpty()) {
        deliver(held.poll());
      }
      tellPeerShutdown();
    });
  }

  /** Sends nothing more, after what is queued: the guest reads the end of the stream. */
  public void shutdownSend() {
    device.execute(() -> {
      shutdownWanted = true;
      device.flush();
    });
  }

  /** Ends the connection at once; what is queued is lost. Idempotent. */
  public void close() {
    device.execute(() -> {
      if (!closed) {
        device.sendReset(this);
        end(VsockCloseReason.CLOSED);
      }
    });
  }

  void accepted() {
    established = true;
  }

  boolean established() {
    return established;
  }

  void credit(VsockPacket packet) {
    peerBufAlloc = packet.bufAlloc();
    peerFwdCnt = packet.fwdCnt();
  }

  private long peerCredit() {
    long inFlight = Integer.toUnsignedLong(sentCount - peerFwdCnt);
    return Math.max(0, Integer.toUnsignedLong(peerBufAlloc) - inFlight);
  }

  /** Whether there is something that could be put into the guest's buffers now. */
  boolean canTransmit() {
    if (!established || closed || peerReceivesNoMore) {
      return false;
    }
    return sendQueue.isEmpty() ? shutdownWanted && !shutdownSent : peerCredit() > 0;
  }

  boolean onlyShutdownLeft() {
    return sendQueue.isEmpty();
  }

  void shutdownWasSent() {
    shutdownSent = true;
  }

  /**
   * Takes the next bytes to send.
   *
   * @param room at most so many
   * @return the bytes; the credit is used up
   */
  byte[] take(long room) {
    byte[] first = sendQueue.peek();
    int left = first.length - sendOffset;
    int length = (int) Math.min(Math.min(left, room), peerCredit());
    byte[] part = first;
    if (length < first.length) {
      part = Arrays.copyOfRange(first, sendOffset, sendOffset + length);
    }
    if (length == left) {
      sendQueue.poll();
      sendOffset = 0;
    } else {
      sendOffset += length;
    }
    sentCount += length;
    queuedBytes -= length;
    return part;
  }

  void drainedIfEmpty() {
    if (queuedBytes == 0 && onDrained != null) {
      onDrained.run();
    }
  }

  /**
   * The guest sent data.
   *
   * @return false if it had no credit for it
   */
  boolean receive(byte[] data) {
    receivedCount += data.length;
    if (Integer.toUnsignedLong(receivedCount - consumedCount) > RECEIVE_BYTES) {
      return false;
    }
    if (readPaused || !held.isEmpty()) {
      held.add(data);
    } else {
      deliver(data);
    }
    return true;
  }

  private void deliver(byte[] data) {
    consumedCount += data.length;
    listener.onData(data);
    // The guest learns of its new credit before half of it is gone.
    if (!closed && consumedCount - announcedCount >= RECEIVE_BYTES / 2) {
      device.sendControl(this, VirtioVsock.OP_CREDIT_UPDATE, 0);
    }
  }

  void peerShutdown(int flags) {
    peerReceivesNoMore |= (flags & VirtioVsock.SHUTDOWN_RCV) != 0;
    peerSendsNoMore |= (flags & VirtioVsock.SHUTDOWN_SEND) != 0;
    tellPeerShutdown();
  }

  private void tellPeerShutdown() {
    if (!peerSendsNoMore || !held.isEmpty() || closed) {
      return;
    }
    if (!peerShutdownTold) {
      peerShutdownTold = true;
      listener.onPeerShutdown();
    }
    if (peerReceivesNoMore && !closed) {
      device.sendReset(this);
      end(VsockCloseReason.PEER_CLOSED);
    }
  }

  boolean closed() {
    return closed;
  }

  void end(VsockCloseReason reason) {
    if (closed) {
      return;
    }
    closed = true;
    sendQueue.clear();
    held.clear();
    queuedBytes = 0;
    device.forget(this);
    listener.onClosed(reason);
  }
}
