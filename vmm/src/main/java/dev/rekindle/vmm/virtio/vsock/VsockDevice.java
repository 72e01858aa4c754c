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
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The socket device. Packets to the guest wait here until it offers buffers: resets first, at most
 * {@link #MAX_CONTROL} of them, then the connections in turn, as far as the guest's credit goes. A
 * guest that offers no buffers is not listened to any more once so many resets wait for it.
 *
 * <p>Thread: public methods from any. {@link #lock} guards all state; it is taken within the
 * transport's, never the other way round, and not held while a listener is called, which happens on
 * the device loop only.
 */
public final class VsockDevice implements VirtioDevice {
  /** Queue of the guest's receive buffers. */
  static final int RX = 0;

  /** Queue of what the guest sends. */
  static final int TX = 1;

  /** Queue of buffers for events. */
  static final int EVENT = 2;

  /** Resets that may wait. */
  static final int MAX_CONTROL = 256;

  /** Most connections at a time; a further one is reset. */
  static final int MAX_CONNECTIONS = 1024;

  /** Most data in a packet, as in Linux. */
  static final int MAX_PAYLOAD_BYTES = 64 * 1024;

  private static final Logger LOG = LoggerFactory.getLogger(VsockDevice.class);
  private static final int QUEUE_SIZE = 256;
  private static final int PACKETS_AT_ONCE = 128;
  private static final int FIRST_HOST_PORT = 1 << 30;

  final Object lock = new Object();

  private final DeviceLoop loop;
  private final long guestCid;
  private DeviceContext context;

  // All guarded by lock.
  private final Map<Long, VsockConnection> connections = new HashMap<>();

  /** Those the guest has forgotten and whose data a listener has not taken yet. */
  private final Set<VsockConnection> lingering = new HashSet<>();

  private final Map<Integer, Function<VsockConnection, VsockListener>> acceptors = new HashMap<>();
  private final Deque<VsockPacket> control = new ArrayDeque<>();
  private final Deque<VsockConnection> line = new ArrayDeque<>();
  private final Deque<Runnable> callbacks = new ArrayDeque<>();
  private final MemorySegment header = MemorySegment.ofArray(new byte[VirtioVsock.HEADER_BYTES]);
  private int nextPort = FIRST_HOST_PORT;
  private boolean turnComing;
  private boolean resetEventWanted;
  private boolean resetUnderway;
  private short indexAtReset;

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
    return 0;
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
   * Opens a connection to a port of the guest. The request waits while the device is paused, while
   * the guest has no driver (whose start ends it with {@code DEVICE_RESET}) and until the guest has
   * handled a transport reset; how long is the caller's to bound, with {@link
   * VsockConnection#close}.
   *
   * @param guestPort where something listens in the guest
   * @param listener told of all that happens, first of success or end
   * @return the connection; may be written to at once
   */
  public VsockConnection connect(int guestPort, VsockListener listener) {
    synchronized (lock) {
      while (connections.containsKey(VsockConnection.key(nextPort, guestPort))) {
        advancePort();
      }
      VsockConnection connection = new VsockConnection(this, nextPort, guestPort);
      advancePort();
      connection.begin(listener);
      if (full()) {
        connection.end(VsockCloseReason.RESET);
      } else {
        connections.put(connection.key(), connection);
        line(connection);
      }
      return connection;
    }
  }

  private void advancePort() {
    nextPort = nextPort == Integer.MAX_VALUE ? FIRST_HOST_PORT : nextPort + 1;
  }

  private boolean full() {
    return connections.size() + lingering.size() >= MAX_CONNECTIONS;
  }

  /**
   * Accepts connections of the guest, from now on and through resets of the device.
   *
   * @param hostPort where
   * @param acceptor makes the listener of each, on the device loop; null refuses it
   */
  public void listen(int hostPort, Function<VsockConnection, VsockListener> acceptor) {
    synchronized (lock) {
      acceptors.put(hostPort, acceptor);
    }
  }

  /**
   * Tells the guest that every connection it knows is gone and its address may have changed ({@code
   * VIRTIO_VSOCK_EVENT_TRANSPORT_RESET}). Call once after a restore. Requests of connections wait
   * until the guest has handled it: it would drop them with the old ones.
   */
  public void sendTransportReset() {
    synchronized (lock) {
      resetEventWanted = true;
      resetUnderway = true;
      comeBack();
    }
  }

  /** Lets a connection send when its turn comes; with the lock. */
  void line(VsockConnection connection) {
    if (!connection.inLine && connection.hasPacket(!resetUnderway)) {
      connection.inLine = true;
      line.add(connection);
      comeBack();
    }
  }

  /** Calls a listener on the device loop, in order; with the lock. */
  void callBack(Runnable callback) {
    callbacks.add(callback);
    comeBack();
  }

  private void comeBack() {
    if (!turnComing) {
      turnComing = true;
      loop.execute(this::turn);
    }
  }

  /** On the device loop: sends what waits, then calls listeners, which may make more wait. */
  private void turn() {
    synchronized (lock) {
      turnComing = false;
    }
    context.whileActive(() -> {
      if (work()) {
        synchronized (lock) {
          comeBack();
        }
      }
    });
    for (Runnable next = nextCallback(); next != null; next = nextCallback()) {
      try {
        next.run();
      } catch (RuntimeException e) {
        LOG.error("a vsock listener failed; its device goes on", e);
      }
    }
  }

  private Runnable nextCallback() {
    synchronized (lock) {
      return callbacks.poll();
    }
  }

  @Override
  public boolean queueNotified(int queue) {
    return work();
  }

  /** Does what any queue allows; with the transport's lock. Returns whether there is more. */
  private boolean work() {
    synchronized (lock) {
      event();
      transmit();
      boolean more = receiveSome();
      transmit();
      return more;
    }
  }

  /** The guest gives the event's buffer back once it has dropped its connections. */
  private void event() {
    Virtqueue queue = context.queue(EVENT);
    if (resetEventWanted && queue.hasNext()) {
      DescriptorChain chain = queue.next();
      indexAtReset = queue.availableIndex();
      MemorySegment event = MemorySegment.ofArray(new byte[4]);
      event.set(JAVA_INT_UNALIGNED, 0, VirtioVsock.EVENT_TRANSPORT_RESET);
      chain.writeFrom(0, event);
      queue.notifyAfter(indexAtReset);
      queue.complete(chain, 4);
      resetEventWanted = false;
      context.interrupt(EVENT);
    } else if (!resetEventWanted && resetUnderway && queue.availableIndex() != indexAtReset) {
      resetUnderway = false;
      connections.values().stream().filter(VsockConnection::connecting).forEach(this::line);
    }
  }

  private boolean receiveSome() {
    Virtqueue queue = context.queue(TX);
    int taken = 0;
    while (taken < PACKETS_AT_ONCE && control.size() < MAX_CONTROL && queue.hasNext()) {
      DescriptorChain chain = queue.next();
      chain.readInto(0, header);
      VsockPacket packet = VsockPacket.fromGuest(header);
      byte[] payload = payload(chain, packet);
      queue.complete(chain, 0);
      taken++;
      receive(packet, payload);
    }
    context.interrupt(TX);
    return taken == PACKETS_AT_ONCE;
  }

  private static byte[] payload(DescriptorChain chain, VsockPacket packet) {
    long available = chain.readableBytes() - VirtioVsock.HEADER_BYTES;
    long length = Integer.toUnsignedLong(packet.length());
    if (length > available || length > MAX_PAYLOAD_BYTES) {
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
    VsockConnection connection =
        connections.get(VsockConnection.key(packet.hostPort(), packet.guestPort()));
    if (packet.op() == VirtioVsock.OP_REQUEST) {
      if (connection != null) {
        // The guest has forgotten the one it had under these ports.
        connection.end(VsockCloseReason.RESET);
      }
      accept(packet);
    } else if (connection == null || connection.connecting()) {
      refuse(packet);
    } else {
      connection.credit(packet);
      receive(connection, packet, payload);
    }
  }

  private void receive(VsockConnection connection, VsockPacket packet, byte[] payload) {
    switch (packet.op()) {
      case VirtioVsock.OP_RESPONSE -> {
        if (connection.awaitsResponse()) {
          connection.connected();
        } else {
          abort(connection, VsockCloseReason.PROTOCOL_ERROR);
        }
      }
      case VirtioVsock.OP_RST -> connection.end(VsockCloseReason.RESET);
      case VirtioVsock.OP_SHUTDOWN -> {
        if (connection.peerShutdown(packet.flags())) {
          control.add(connection.packet(VirtioVsock.OP_RST, 0, 0));
          connections.remove(connection.key());
          lingering.add(connection);
        }
      }
      case VirtioVsock.OP_RW -> {
        if (!connection.receive(payload)) {
          abort(connection, VsockCloseReason.PROTOCOL_ERROR);
        }
      }
      case VirtioVsock.OP_CREDIT_UPDATE -> {
        // The credit is taken from every packet.
      }
      case VirtioVsock.OP_CREDIT_REQUEST -> connection.creditRequested();
      default -> abort(connection, VsockCloseReason.PROTOCOL_ERROR);
    }
  }

  private void accept(VsockPacket packet) {
    Function<VsockConnection, VsockListener> acceptor = acceptors.get(packet.hostPort());
    if (acceptor == null || full()) {
      refuse(packet);
      return;
    }
    VsockConnection connection = new VsockConnection(this, packet.hostPort(), packet.guestPort());
    connection.credit(packet);
    connections.put(connection.key(), connection);
    callBack(() -> connection.accept(listenerOf(acceptor, connection)));
  }

  private static VsockListener listenerOf(
      Function<VsockConnection, VsockListener> acceptor, VsockConnection connection) {
    try {
      return acceptor.apply(connection);
    } catch (RuntimeException e) {
      LOG.error("a vsock acceptor failed; the connection is refused", e);
      return null;
    }
  }

  private void refuse(VsockPacket p) {
    if (p.op() != VirtioVsock.OP_RST) {
      control.add(p.reset());
    }
  }

  /** Ends a connection and has the guest told, if it knows of it; with the lock. */
  void abort(VsockConnection connection, VsockCloseReason reason) {
    if (connection.knownToGuest()) {
      control.add(connection.packet(VirtioVsock.OP_RST, 0, 0));
      comeBack();
    }
    connection.end(reason);
  }

  void forget(VsockConnection connection) {
    connections.remove(connection.key(), connection);
    lingering.remove(connection);
  }

  VsockPacket packet(VsockConnection c, int op, int flags, int length, int consumedCount) {
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
        consumedCount);
  }

  long write(DescriptorChain chain, VsockPacket packet) {
    packet.toGuest(header);
    chain.writeFrom(0, header);
    return VirtioVsock.HEADER_BYTES;
  }

  /** Puts into the guest's buffers what can be put there. */
  private void transmit() {
    Virtqueue queue = context.queue(RX);
    while (hasPacket() && queue.hasNext()) {
      DescriptorChain chain = queue.next();
      if (!control.isEmpty()) {
        queue.complete(chain, write(chain, control.poll()));
      } else {
        VsockConnection connection = line.poll();
        queue.complete(chain, connection.writePacket(chain));
        connection.inLine = connection.hasPacket(!resetUnderway);
        if (connection.inLine) {
          line.add(connection);
        }
      }
    }
    context.interrupt(RX);
  }

  private boolean hasPacket() {
    while (!line.isEmpty() && !line.peek().hasPacket(!resetUnderway)) {
      line.poll().inLine = false;
    }
    return !control.isEmpty() || !line.isEmpty();
  }

  @Override
  public void reset() {
    synchronized (lock) {
      for (VsockConnection connection : new ArrayList<>(connections.values())) {
        connection.end(VsockCloseReason.DEVICE_RESET);
      }
      for (VsockConnection connection : new ArrayList<>(lingering)) {
        connection.end(VsockCloseReason.DEVICE_RESET);
      }
      control.clear();
      line.clear();
      resetEventWanted = false;
      resetUnderway = false;
    }
  }
}
