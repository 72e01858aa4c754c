package dev.rekindle.fuzz.targets;

import dev.rekindle.fuzz.ByteScript;
import dev.rekindle.vmm.abi.virtio.VirtioVsock;
import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.virtio.VirtioDevice;
import dev.rekindle.vmm.virtio.vsock.VsockCloseReason;
import dev.rekindle.vmm.virtio.vsock.VsockConnection;
import dev.rekindle.vmm.virtio.vsock.VsockDevice;
import dev.rekindle.vmm.virtio.vsock.VsockListener;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** The host's side of a socket device. */
final class VsockRig implements VirtioTarget.Rig {
  private static final long CID = 3;
  private static final int ECHO_PORT = 1;
  private static final int SINK_PORT = 2;
  private static final int REFUSED_PORT = 3;

  /** Enough for one script; a connection is a few objects. */
  private static final int MAX_CONNECTIONS = 64;

  private final DeviceLoop loop;
  private final VsockDevice device;
  private final List<VsockConnection> connections = new ArrayList<>();

  VsockRig(DeviceLoop loop) {
    this.loop = loop;
    this.device = new VsockDevice(CID, loop);
    device.listen(ECHO_PORT, connection -> new Checked(connection, true));
    device.listen(SINK_PORT, connection -> new Checked(connection, false));
    device.listen(REFUSED_PORT, _ -> null);
  }

  /** Nothing is told to a listener after its end, and its end once. */
  private static final class Checked implements VsockListener {
    private final VsockConnection connection;
    private final boolean echo;
    private final AtomicBoolean ended = new AtomicBoolean();

    Checked(VsockConnection connection, boolean echo) {
      this.connection = connection;
      this.echo = echo;
    }

    @Override
    public void onConnected() {
      requireOpen();
    }

    @Override
    public void onData(byte[] data) {
      requireOpen();
      if (data.length == 0) {
        throw new IllegalStateException("told of no data");
      }
      if (echo && connection != null) {
        connection.send(data);
      }
    }

    @Override
    public void onPeerShutdown() {
      requireOpen();
    }

    @Override
    public void onClosed(VsockCloseReason reason) {
      if (ended.getAndSet(true)) {
        throw new IllegalStateException("told of its end twice");
      }
    }

    private void requireOpen() {
      if (ended.get()) {
        throw new IllegalStateException("told of something after its end");
      }
    }
  }

  @Override
  public VirtioDevice device() {
    return device;
  }

  @Override
  public void host(ByteScript script) {
    int what = script.u8();
    if (what % 8 == 0) {
      if (connections.size() < MAX_CONNECTIONS) {
        connections.add(device.connect(script.u8() & 3, new Checked(null, false)));
      }
    } else if (what % 8 == 1) {
      device.sendTransportReset();
    } else if (!connections.isEmpty()) {
      use(connections.get((what >> 3) % connections.size()), what % 8, script);
    }
  }

  private static void use(VsockConnection connection, int how, ByteScript script) {
    switch (how) {
      case 2 -> connection.send(new byte[1 + script.u16()]);
      case 3 -> connection.shutdownSend();
      case 4 -> connection.close();
      case 5 -> connection.pauseReading();
      case 6 -> connection.resumeReading();
      default -> connection.onDrained(() -> {});
    }
  }

  @Override
  public void settle() {
    // A turn may ask for another one.
    for (int i = 0; i < 3; i++) {
      loop.barrier();
    }
  }

  /** A guest that offers buffers, connects, sends, shuts down; a host that connects. */
  static byte[] guestOpens() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < 4; i++) {
      out.writeBytes(VirtioTarget.request(0, 4096, new byte[0]));
    }
    out.writeBytes(VirtioTarget.request(2, 4, new byte[0]));
    out.writeBytes(VirtioTarget.request(1, 0, packet(ECHO_PORT, VirtioVsock.OP_REQUEST, 0, 0)));
    out.writeBytes(VirtioTarget.request(1, 0, packet(ECHO_PORT, VirtioVsock.OP_RW, 0, 20)));
    out.writeBytes(VirtioTarget.request(1, 0, packet(ECHO_PORT, VirtioVsock.OP_SHUTDOWN, 3, 0)));
    out.writeBytes(new byte[] {7, 0, 2, 7, 2, 9, 0, 7, 3, 7, 1});
    out.writeBytes(VirtioTarget.request(1, 0, packet(1 << 30, VirtioVsock.OP_RESPONSE, 0, 0)));
    return out.toByteArray();
  }

  private static byte[] packet(int hostPort, int op, int flags, int length) {
    ByteBuffer b =
        ByteBuffer.allocate(VirtioVsock.HEADER_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
    b.putLong(VirtioVsock.HDR_SRC_CID, CID).putInt(VirtioVsock.HDR_SRC_PORT, 2);
    b.putLong(VirtioVsock.HDR_DST_CID, VirtioVsock.HOST_CID);
    b.putInt(VirtioVsock.HDR_DST_PORT, hostPort).putInt(VirtioVsock.HDR_LEN, length);
    b.putShort(VirtioVsock.HDR_TYPE, (short) VirtioVsock.TYPE_STREAM);
    b.putShort(VirtioVsock.HDR_OP, (short) op).putInt(VirtioVsock.HDR_FLAGS, flags);
    b.putInt(VirtioVsock.HDR_BUF_ALLOC, 1 << 16);
    return b.array();
  }
}
