package dev.rekindle.vmm.virtio.vsock;

import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioVsock;
import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.virtio.DescriptorChain;
import dev.rekindle.vmm.virtio.DeviceContext;
import dev.rekindle.vmm.virtio.GuestFaultException;
import dev.rekindle.vmm.virtio.VirtioDevice;
import dev.rekindle.vmm.virtio.Virtqueue;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/**
 * The socket device. Packets to the guest wait here until it offers buffers: control packets first,
 * at most {@link #MAX_CONTROL} of them, then the connections in turn, as far as the guest's credit
 * goes.
 */
public final class VsockDevice implements VirtioDevice {
  /** Queue of the guest's receive buffers. */
  static final int RX = 0;

  /** Queue of what the guest sends. */
  static final int TX = 1;

  /** Queue of buffers for events. */
  static final int EVENT = 2;

  /** Control packets that may wait; a guest that offers no buffers cannot make us keep more. */
  static final int MAX_CONTROL = 1024;

  /** Most connections at a time; a further one is reset. */
  static final int MAX_CONNECTIONS = 1024;

  private static final int QUEUE_SIZE = 256;
  private static final int MAX_PAYLOAD = 64 * 1024;
  private static final int FIRST_HOST_PORT = 1 << 30;

  private final DeviceLoop loop;
  private final AtomicInteger nextPort = new AtomicInteger(FIRST_HOST_PORT);
  private DeviceContext context;

  // All guarded by the transport's lock.
  private long guestCid;
  private final Map<Long, VsockConnection> connections = new LinkedHashMap<>();
  private final Map<Integer, Function<VsockConnection, VsockListener>> acceptors = new HashMap<>();
  private final Deque<VsockPacket> control = new ArrayDeque<>();
  private boolean resetEventWanted;
  private boolean resetUnderway;
  private short indexAtReset;
  private final Deque<Runnable> afterReset = new ArrayDeque<>();
  private final MemorySegment header = MemorySegment.ofArray(new byte[VirtioVsock.HEADER_BYTES]);

  /**
   * @param guestCid the guest's address, 3 or more
   * @param loop where callbacks come
   */
  public VsockDevice(long guestCid, DeviceLoop loop) {
    this.guestCid = guestCid;
    this.loop = loop;
  }

  @Override
  public int deviceId() {
    return Virtio.ID_VSOCK;
  }

  @Override
  public long features() {
    return Virtio.F_VERSION_1;
  }

  @Override
  public int[] queueMaxSizes() {
    return new int[] {QUEUE_SIZE, QUEUE_SIZE, 64};
  }

  @Override
  public byte readConfig(int offset) {
    return offset < 8 ? (byte) (guestCid >>> offset * 8) : 0;
  }

  @Override
  public void attach(DeviceContext newContext) {
    context = newContext;
  }

  /**
   * Opens a connection to a port of the guest.
   *
   * @param guestPort where something listens in the guest
   * @param listener told of all that happens, first of success or end
   * @return the connection; may be written to at once
   */
  public VsockConnection connect(int guestPort, VsockListener listener) {
    VsockConnection connection = new VsockConnection(this, nextPort.getAndIncrement(), guestPort);
    connection.listener(listener);
    loop.execute(() -> {
      boolean[] begun = {false};
      context.whileActive(() -> {
        begun[0] = connections.size() < MAX_CONNECTIONS;
        if (begun[0]) {
          connections.put(connection.key(), connection);
          sendControl(connection, VirtioVsock.OP_REQUEST, 0);
        }
      });
      if (!begun[0]) {
        connection.end(VsockCloseReason.DEVICE_RESET);
      }
    });
    return connection;
  }

  private void request(VsockConnection connection) {
    if (resetUnderway) {
      afterReset.add(() -> request(connection));
    } else if (!connection.closed()) {
      sendControl(connection, VirtioVsock.OP_REQUEST, 0);
    }
  }

  /**
   * Accepts connections of the guest.
   *
   * @param hostPort where
   * @param acceptor makes the listener of each
   */
  public void listen(int hostPort, Function<VsockConnection, VsockListener> acceptor) {
    loop.execute(() -> context.whileActive(() -> acceptors.put(hostPort, acceptor)));
  }

  /**
   * Tells the guest that every connection it knows is gone and its address may have changed ({@code
   * VIRTIO_VSOCK_EVENT_TRANSPORT_RESET}). Call once after a restore.
   */
  public void sendTransportReset() {
    loop.execute(() ->
        context.whileActive(() -> {
          resetEventWanted = true;
          flushEvent();
        }));
  }

  void execute(Runnable action) {
    loop.execute(() -> context.whileActive(action));
  }

  void forget(VsockConnection connection) {
    connections.remove(connection.key(), connection);
  }

  @Override
  public void queueNotified(int queue) {
    switch (queue) {
      case RX -> flush();
      case TX -> receiveAll();
      case EVENT -> flushEvent();
      default -> throw new GuestFaultException("vsock has no queue " + queue);
    }
  }

  /**
   * Sends the reset event once there is a buffer for it. The guest gives the buffer back when it
   * has dropped its connections, and only then may new ones begin: it would drop them with the old.
   */
  private void flushEvent() {
    Virtqueue queue = context.queue(EVENT);
    if (resetEventWanted) {
      DescriptorChain chain = queue.next();
      if (chain != null) {
        indexAtReset = queue.availableIndex();
        MemorySegment event = MemorySegment.ofArray(new byte[4]);
        event.set(JAVA_INT_UNALIGNED, 0, VirtioVsock.EVENT_TRANSPORT_RESET);
        chain.writeFrom(0, event);
        queue.complete(chain, 4);
        resetEventWanted = false;
        context.interrupt(EVENT);
      }
    } else if (resetUnderway && queue.availableIndex() != indexAtReset) {
      resetUnderway = false;
      while (!afterReset.isEmpty()) {
        afterReset.poll().run();
      }
    }
  }

  private void receiveAll() {
    Virtqueue queue = context.queue(TX);
    boolean used = false;
    for (DescriptorChain chain = queue.next(); chain != null; chain = queue.next()) {
      chain.readInto(0, header);
      VsockPacket packet = VsockPacket.fromGuest(header);
      byte[] payload = payload(chain, packet);
      queue.complete(chain, 0);
      used = true;
      receive(packet, payload);
    }
    if (used) {
      context.interrupt(TX);
    }
    flush();
  }

  private static byte[] payload(DescriptorChain chain, VsockPacket packet) {
    long available = chain.readableBytes() - VirtioVsock.HEADER_BYTES;
    long length = Integer.toUnsignedLong(packet.length());
    if (length > available || length > MAX_PAYLOAD) {
      throw new GuestFaultException(
          "vsock packet of " + length + " bytes in a buffer of " + available);
    }
    byte[] bytes = new byte[(int) length];
    if (length > 0) {
      chain.readInto(VirtioVsock.HEADER_BYTES, MemorySegment.ofArray(bytes));
    }
    return bytes;
  }

  private void receive(VsockPacket packet, byte[] payload) {
    boolean forUs = packet.hostCid() == VirtioVsock.HOST_CID && packet.guestCid() == guestCid;
    if (!forUs || packet.type() != VirtioVsock.TYPE_STREAM) {
      refuse(packet);
      return;
    }
    long key = VsockConnection.key(packet.hostPort(), packet.guestPort());
    VsockConnection connection = connections.get(key);
    if (connection == null) {
      accept(packet);
      return;
    }
    connection.credit(packet);
    switch (packet.op()) {
      case VirtioVsock.OP_RESPONSE -> connected(connection);
      case VirtioVsock.OP_RST -> connection.end(VsockCloseReason.RESET);
      case VirtioVsock.OP_SHUTDOWN -> connection.peerShutdown(packet.flags());
      case VirtioVsock.OP_RW -> {
        if (!connection.established() || !connection.receive(payload)) {
          abort(connection);
        }
      }
      case VirtioVsock.OP_CREDIT_UPDATE -> {
        // The credit is taken from every packet.
      }
      case VirtioVsock.OP_CREDIT_REQUEST ->
          sendControl(connection, VirtioVsock.OP_CREDIT_UPDATE, 0);
      default -> abort(connection);
    }
  }

  private void connected(VsockConnection connection) {
    if (connection.established()) {
      abort(connection);
    } else {
      connection.accepted();
      connection.listener().onConnected();
    }
  }

  private void abort(VsockConnection connection) {
    sendReset(connection);
    connection.end(VsockCloseReason.PROTOCOL_ERROR);
  }

  private void accept(VsockPacket packet) {
    Function<VsockConnection, VsockListener> acceptor = acceptors.get(packet.hostPort());
    boolean welcome =
        packet.op() == VirtioVsock.OP_REQUEST
            && acceptor != null
            && connections.size() < MAX_CONNECTIONS;
    if (!welcome) {
      refuse(packet);
      return;
    }
    VsockConnection connection = new VsockConnection(this, packet.hostPort(), packet.guestPort());
    connection.credit(packet);
    connection.accepted();
    connections.put(connection.key(), connection);
    sendControl(connection, VirtioVsock.OP_RESPONSE, 0);
    connection.listener(acceptor.apply(connection));
  }

  private void refuse(VsockPacket p) {
    if (p.op() != VirtioVsock.OP_RST) {
      enqueue(
          new VsockPacket(
              p.guestCid(),
              p.guestPort(),
              p.hostCid(),
              p.hostPort(),
              0,
              p.type(),
              VirtioVsock.OP_RST,
              0,
              0,
              0));
    }
  }

  void sendReset(VsockConnection connection) {
    sendControl(connection, VirtioVsock.OP_RST, 0);
  }

  void sendControl(VsockConnection connection, int op, int flags) {
    enqueue(packet(connection, op, flags, 0));
    flush();
  }

  private void enqueue(VsockPacket packet) {
    if (control.size() >= MAX_CONTROL) {
      throw new GuestFaultException("vsock guest offers no receive buffers");
    }
    control.add(packet);
  }

  private VsockPacket packet(VsockConnection c, int op, int flags, int length) {
    return new VsockPacket(
        guestCid,
        c.guestPort(),
        VirtioVsock.HOST_CID,
        c.hostPort(),
        length,
        VirtioVsock.TYPE_STREAM,
        op,
        flags,
        VsockConnection.RECEIVE_BYTES,
        c.consumedCount());
  }

  /** Puts into the guest's buffers what can be put there. */
  void flush() {
    Virtqueue queue = context.queue(RX);
    boolean used = false;
    while (!control.isEmpty() && queue.hasNext()) {
      put(queue, control.poll(), null);
      used = true;
    }
    boolean progress = control.isEmpty();
    while (progress) {
      progress = false;
      for (VsockConnection connection : new ArrayList<>(connections.values())) {
        if (connection.canTransmit() && queue.hasNext()) {
          transmit(queue, connection);
          used = true;
          progress = true;
        }
      }
    }
    if (used) {
      context.interrupt(RX);
    }
  }

  private void transmit(Virtqueue queue, VsockConnection connection) {
    if (connection.onlyShutdownLeft()) {
      put(queue, packet(connection, VirtioVsock.OP_SHUTDOWN, VirtioVsock.SHUTDOWN_SEND, 0), null);
      connection.shutdownWasSent();
      return;
    }
    DescriptorChain chain = queue.next();
    long room = Math.min(chain.writableBytes() - VirtioVsock.HEADER_BYTES, MAX_PAYLOAD);
    if (room <= 0) {
      throw new GuestFaultException("vsock receive buffer without room for data");
    }
    byte[] data = connection.take(room);
    fill(queue, chain, packet(connection, VirtioVsock.OP_RW, 0, data.length), data);
    connection.drainedIfEmpty();
  }

  private void put(Virtqueue queue, VsockPacket packet, byte[] data) {
    fill(queue, queue.next(), packet, data);
  }

  private void fill(Virtqueue queue, DescriptorChain chain, VsockPacket packet, byte[] data) {
    packet.toGuest(header);
    chain.writeFrom(0, header);
    long length = VirtioVsock.HEADER_BYTES;
    if (data != null) {
      MemorySegment bytes = MemorySegment.ofArray(data);
      chain.writeFrom(length, bytes);
      length += data.length;
    }
    queue.complete(chain, length);
  }

  @Override
  public void reset() {
    for (VsockConnection connection : new ArrayList<>(connections.values())) {
      connection.end(VsockCloseReason.DEVICE_RESET);
    }
    connections.clear();
    control.clear();
    acceptors.clear();
    resetEventWanted = false;
    resetUnderway = false;
    afterReset.clear();
  }
}
