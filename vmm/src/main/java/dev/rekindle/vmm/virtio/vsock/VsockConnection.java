package dev.rekindle.vmm.virtio.vsock;

import dev.rekindle.vmm.abi.virtio.VirtioVsock;
import dev.rekindle.vmm.virtio.DescriptorChain;
import dev.rekindle.vmm.virtio.GuestFaultException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * A stream between this process and the guest. What is sent is queued without a limit of its own:
 * senders look at {@link #queuedBytes} and wait for {@link #onDrained}. What the guest sends is
 * bounded by the credit it is granted, {@link #RECEIVE_BYTES}.
 *
 * <p>Thread: public methods from any; they take effect in the order of their calls, while the
 * device is paused too. State is guarded by the device's own lock, never held during a callback.
 */
public final class VsockConnection {
  /** Receive buffer granted to the guest, bytes. */
  public static final int RECEIVE_BYTES = 256 * 1024;

  /** Held data in pieces smaller than this is joined, so that many tiny packets stay small. */
  private static final int JOIN_BYTES = 4096;

  private final VsockDevice device;
  private final int hostPort;
  private final int guestPort;

  // All guarded by device.lock.
  private VsockListener listener;
  private boolean requestPending;
  private boolean responsePending;
  private boolean creditUpdatePending;
  private boolean creditRequestPending;
  private boolean established;
  private boolean closed;
  private VsockCloseReason closeReason;
  private final SendQueue sending = new SendQueue();
  private boolean shutdownWanted;
  private boolean shutdownSent;
  private int receivedCount;
  private int consumedCount;
  private int announcedCount;
  private boolean readPaused;
  private final Deque<byte[]> held = new ArrayDeque<>();
  private boolean peerSendsNoMore;
  private boolean peerReceivesNoMore;
  private boolean peerShutdownTold;
  private Runnable onDrained;

  /** Whether the connection stands in the device's line of those with something to send. */
  boolean inLine;

  VsockConnection(VsockDevice device, int hostPort, int guestPort) {
    this.device = device;
    this.hostPort = hostPort;
    this.guestPort = guestPort;
  }

  long key() {
    return key(hostPort, guestPort);
  }

  static long key(int hostPort, int guestPort) {
    return (long) hostPort << 32 | Integer.toUnsignedLong(guestPort);
  }

  /**
   * @return the port on this side
   */
  public int hostPort() {
    return hostPort;
  }

  /**
   * @return the port on the guest's side
   */
  public int guestPort() {
    return guestPort;
  }

  /**
   * Sends bytes, in order; they are queued until the guest has room. Lost if the connection is
   * closed or {@link #shutdownSend} was called.
   *
   * @param data not copied; must not change afterwards
   */
  public void send(byte[] data) {
    synchronized (device.lock) {
      if (closed || shutdownWanted || peerReceivesNoMore || data.length == 0) {
        return;
      }
      sending.add(data);
      device.line(this);
    }
  }

  /**
   * @return bytes queued and not yet given to the guest
   */
  public int queuedBytes() {
    return sending.queuedBytes();
  }

  /**
   * Sets what is called, on the device loop, each time the queue of bytes to send becomes empty,
   * and once now if it is.
   *
   * @param action or null
   */
  public void onDrained(Runnable action) {
    synchronized (device.lock) {
      onDrained = action;
      if (action != null && sending.isEmpty() && !closed) {
        device.callBack(action);
      }
    }
  }

  /** Stops calling {@code onData}; the guest's credit then runs out. */
  public void pauseReading() {
    synchronized (device.lock) {
      readPaused = true;
    }
  }

  /** Goes on calling {@code onData}, first with what was held back. */
  public void resumeReading() {
    synchronized (device.lock) {
      if (readPaused) {
        readPaused = false;
        device.callBack(this::deliver);
      }
    }
  }

  /** Sends nothing more, after what is queued: the guest reads the end of the stream. */
  public void shutdownSend() {
    synchronized (device.lock) {
      shutdownWanted = true;
      device.line(this);
    }
  }

  /** Ends the connection at once; what is queued is lost. Idempotent. */
  public void close() {
    synchronized (device.lock) {
      if (!closed) {
        device.abort(this, VsockCloseReason.CLOSED);
      }
    }
  }

  // What follows is called by the device with its lock held, except deliver and accept.

  void begin(VsockListener newListener) {
    listener = newListener;
    requestPending = true;
  }

  /** Gives a connection of the guest its listener; on the device loop, without the lock. */
  void accept(VsockListener newListener) {
    VsockCloseReason gone;
    synchronized (device.lock) {
      gone = closeReason;
      if (gone == null && newListener == null) {
        device.abort(this, VsockCloseReason.CLOSED);
        return;
      }
      listener = newListener;
      if (gone == null && !peerGone()) {
        established = true;
        responsePending = true;
        device.line(this);
      }
      device.callBack(this::deliver);
    }
    if (gone != null && newListener != null) {
      newListener.onClosed(gone);
    }
  }

  /** Whether the guest knows of the connection and has to be told of its end. */
  boolean knownToGuest() {
    return !requestPending && !peerGone();
  }

  private boolean peerGone() {
    return peerReceivesNoMore && peerSendsNoMore;
  }

  boolean connecting() {
    return requestPending && !closed;
  }

  boolean awaitsResponse() {
    return !established && listener != null && !requestPending;
  }

  void connected() {
    established = true;
    device.callBack(listener::onConnected);
    device.line(this);
  }

  void credit(VsockPacket packet) {
    sending.credit(packet.bufAlloc(), packet.fwdCnt());
    if (!sending.isEmpty()) {
      device.line(this);
    }
  }

  /** Whether there is a packet for the guest now; a request waits for a reset under way. */
  boolean hasPacket(boolean mayRequest) {
    if (closed) {
      return false;
    }
    if (requestPending) {
      return mayRequest;
    }
    return responsePending || creditUpdatePending || creditRequestPending || canSend();
  }

  private boolean canSend() {
    if (!established || peerReceivesNoMore) {
      return false;
    }
    return sending.isEmpty() ? shutdownWanted && !shutdownSent : sending.credit() > 0;
  }

  /**
   * Writes the next packet.
   *
   * @param chain the guest's buffer
   * @return bytes written
   */
  long writePacket(DescriptorChain chain) {
    if (requestPending) {
      requestPending = false;
      return control(chain, VirtioVsock.OP_REQUEST, 0);
    }
    if (responsePending) {
      responsePending = false;
      return control(chain, VirtioVsock.OP_RESPONSE, 0);
    }
    if (canSend()) {
      if (sending.isEmpty()) {
        shutdownSent = true;
        return control(chain, VirtioVsock.OP_SHUTDOWN, VirtioVsock.SHUTDOWN_SEND);
      }
      return writeData(chain);
    }
    if (creditUpdatePending) {
      return control(chain, VirtioVsock.OP_CREDIT_UPDATE, 0);
    }
    creditRequestPending = false;
    return control(chain, VirtioVsock.OP_CREDIT_REQUEST, 0);
  }

  private long control(DescriptorChain chain, int op, int flags) {
    return device.write(chain, packet(op, flags, 0));
  }

  VsockPacket packet(int op, int flags, int length) {
    // Every packet carries the credit granted to the guest.
    creditUpdatePending = false;
    announcedCount = consumedCount;
    return device.packet(this, op, flags, length, consumedCount);
  }

  private long writeData(DescriptorChain chain) {
    long room = chain.writableBytes() - VirtioVsock.HEADER_BYTES;
    if (room <= 0) {
      throw new GuestFaultException("vsock receive buffer without room for data");
    }
    long most = Math.min(Math.min(room, VsockDevice.MAX_PAYLOAD_BYTES), sending.credit());
    int length = (int) Math.min(most, sending.queuedBytes());
    long at = device.write(chain, packet(VirtioVsock.OP_RW, 0, length));
    sending.moveTo(chain, at, length);
    if (sending.isEmpty()) {
      if (onDrained != null) {
        device.callBack(onDrained);
      }
    } else if (sending.credit() == 0) {
      creditRequestPending = true;
    }
    return at + length;
  }

  void creditRequested() {
    creditUpdatePending = true;
    device.line(this);
  }

  /**
   * The guest sent data.
   *
   * @return false if it may not, or had no credit for it
   */
  boolean receive(byte[] data) {
    if (!established || peerSendsNoMore) {
      return false;
    }
    receivedCount += data.length;
    if (Integer.toUnsignedLong(receivedCount - consumedCount) > RECEIVE_BYTES) {
      return false;
    }
    if (data.length == 0) {
      return true;
    }
    byte[] last = held.peekLast();
    if (last != null && last.length + data.length <= JOIN_BYTES) {
      byte[] joined = Arrays.copyOf(held.pollLast(), last.length + data.length);
      System.arraycopy(data, 0, joined, last.length, data.length);
      held.addLast(joined);
    } else {
      held.addLast(data);
    }
    device.callBack(this::deliver);
    return true;
  }

  /**
   * The guest shut down one direction or both.
   *
   * @return whether the guest is done with the connection, and needs a reset to forget it
   */
  boolean peerShutdown(int flags) {
    peerReceivesNoMore |= (flags & VirtioVsock.SHUTDOWN_RCV) != 0;
    peerSendsNoMore |= (flags & VirtioVsock.SHUTDOWN_SEND) != 0;
    if (peerReceivesNoMore && !sending.isEmpty()) {
      sending.clear();
      if (onDrained != null) {
        device.callBack(onDrained);
      }
    }
    device.callBack(this::deliver);
    return peerGone();
  }

  /** Hands over what was received, as far as reading is not paused; on the device loop. */
  private void deliver() {
    while (true) {
      byte[] data;
      boolean tellShutdown = false;
      synchronized (device.lock) {
        if (closed || readPaused || listener == null) {
          return;
        }
        data = held.pollFirst();
        if (data == null) {
          tellShutdown = peerSendsNoMore && !peerShutdownTold;
          peerShutdownTold |= tellShutdown;
          if (!tellShutdown) {
            if (peerGone()) {
              end(VsockCloseReason.PEER_CLOSED);
            }
            return;
          }
        } else {
          consumed(data.length);
        }
      }
      if (tellShutdown) {
        listener.onPeerShutdown();
      } else {
        listener.onData(data);
      }
    }
  }

  private void consumed(int bytes) {
    consumedCount += bytes;
    // The guest learns of its new credit before half of it is gone.
    if (consumedCount - announcedCount >= RECEIVE_BYTES / 2) {
      creditUpdatePending = true;
      device.line(this);
    }
  }

  /** Ends the connection on this side; the listener is told on the device loop. */
  void end(VsockCloseReason reason) {
    if (closed) {
      return;
    }
    closed = true;
    closeReason = reason;
    sending.clear();
    held.clear();
    device.forget(this);
    if (listener != null) {
      device.callBack(() -> listener.onClosed(reason));
    }
  }
}
