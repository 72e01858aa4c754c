package dev.rekindle.vmm.virtio.vsock;

import dev.rekindle.vmm.abi.virtio.VirtioVsock;
import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.virtio.GuestDriver;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A guest's socket driver for tests. */
final class VsockGuest implements AutoCloseable {
  static final long CID = 3;
  static final int RX_BYTES = 4096;

  /** A packet to the guest. */
  record Received(VsockPacket header, byte[] data) {
    int op() {
      return header.op();
    }
  }

  final DeviceLoop loop = new DeviceLoop();
  final VsockDevice device = new VsockDevice(CID, loop);
  final GuestDriver driver = new GuestDriver(device);
  private final Map<Integer, GuestDriver.Part> rxBuffers = new HashMap<>();
  private final Deque<GuestDriver.Part> free = new ArrayDeque<>();
  private final long txArea = driver.allocate(64 * (70 * 1024));
  private int txSlot;
  int bufAlloc = 64 * 1024;
  int fwdCnt;

  VsockGuest start(long features) {
    driver.start(features, 16, 64, 8);
    for (int i = 0; i < 8; i++) {
      driver.queue(VsockDevice.EVENT).add(driver.writable(4));
    }
    return this;
  }

  VsockGuest offer(int buffers) {
    for (int i = 0; i < buffers; i++) {
      GuestDriver.Part part = free.isEmpty() ? driver.writable(RX_BYTES) : free.poll();
      rxBuffers.put(driver.queue(VsockDevice.RX).add(part), part);
    }
    driver.queue(VsockDevice.RX).kick();
    return this;
  }

  /** Sends a packet; the header and its data in one buffer. */
  void send(int guestPort, int hostPort, int op, int flags, byte[] data) {
    send(CID, guestPort, VirtioVsock.HOST_CID, hostPort, 1, op, flags, data);
  }

  void send(
      long srcCid,
      int srcPort,
      long dstCid,
      int dstPort,
      int type,
      int op,
      int flags,
      byte[] data) {
    byte[] packet = new byte[VirtioVsock.HEADER_BYTES + data.length];
    MemorySegment h = MemorySegment.ofArray(packet);
    // From the guest, so source and destination are the other way round than in toGuest.
    new VsockPacket(
            dstCid, dstPort, srcCid, srcPort, data.length, type, op, flags, bufAlloc, fwdCnt)
        .toGuest(h);
    System.arraycopy(data, 0, packet, VirtioVsock.HEADER_BYTES, data.length);
    raw(packet);
  }

  void raw(byte[] packet) {
    long gpa = txArea + (long) (txSlot++ % 64) * 70 * 1024;
    driver.memory.write(gpa, packet, 0, packet.length);
    driver.queue(VsockDevice.TX).add(new GuestDriver.Part(gpa, packet.length, false));
    driver.queue(VsockDevice.TX).kick();
  }

  void send(int guestPort, int hostPort, int op) {
    send(guestPort, hostPort, op, 0, new byte[0]);
  }

  /** Everything that has arrived, after the device loop has done what it had to do. */
  List<Received> receive() {
    settle();
    List<Received> all = new ArrayList<>();
    for (GuestDriver.Used u = driver.queue(VsockDevice.RX).poll();
        u != null;
        u = driver.queue(VsockDevice.RX).poll()) {
      GuestDriver.Part part = rxBuffers.remove(u.head());
      free.add(part);
      byte[] bytes = driver.contents(part);
      VsockPacket p = VsockPacket.fromGuest(MemorySegment.ofArray(bytes));
      // The record calls the sender guest; here the sender is the host.
      VsockPacket turned =
          new VsockPacket(
              p.hostCid(),
              p.hostPort(),
              p.guestCid(),
              p.guestPort(),
              p.length(),
              p.type(),
              p.op(),
              p.flags(),
              p.bufAlloc(),
              p.fwdCnt());
      int end = VirtioVsock.HEADER_BYTES + p.length();
      if (u.length() != end) {
        throw new AssertionError("used length " + u.length() + " for " + p);
      }
      all.add(new Received(turned, Arrays.copyOfRange(bytes, VirtioVsock.HEADER_BYTES, end)));
    }
    return all;
  }

  List<Integer> ops() {
    return receive().stream().map(Received::op).toList();
  }

  void settle() {
    for (int i = 0; i < 4; i++) {
      loop.barrier();
    }
  }

  int event() {
    settle();
    GuestDriver.Used used = driver.queue(VsockDevice.EVENT).poll();
    return used == null ? -1 : (int) used.length();
  }

  /** Connects from the host and answers as a guest would; returns the host's port. */
  int establish(VsockConnection connection) {
    List<Received> all = receive();
    Received request = all.getLast();
    send(request.header().guestPort(), request.header().hostPort(), VirtioVsock.OP_RESPONSE);
    settle();
    return request.header().hostPort();
  }

  @Override
  public void close() {
    loop.close();
    driver.close();
  }
}
