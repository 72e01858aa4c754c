package dev.rekindle.vmm.virtio.vsock;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps what a listener was told. */
final class RecordingListener implements VsockListener {
  final List<String> events = new CopyOnWriteArrayList<>();
  private final ByteArrayOutputStream received = new ByteArrayOutputStream();

  @Override
  public void onConnected() {
    events.add("connected");
  }

  @Override
  public synchronized void onData(byte[] data) {
    received.writeBytes(data);
  }

  @Override
  public void onPeerShutdown() {
    events.add("shutdown");
  }

  @Override
  public void onClosed(VsockCloseReason reason) {
    events.add(reason.name());
  }

  synchronized byte[] received() {
    return received.toByteArray();
  }
}
