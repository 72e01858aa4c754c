package dev.rekindle.snapshotter.agent;

import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.virtio.vsock.VsockConnection;
import dev.rekindle.vmm.virtio.vsock.VsockDevice;
import dev.rekindle.vmm.virtio.vsock.VsockListener;

/** How connections to the agent are made; an interface so that tests play the guest. */
interface AgentTransport {
  /** One connection. No method blocks or calls the listener before it returns. */
  interface Connection {
    void send(byte[] bytes);

    int queuedBytes();

    void onDrained(Runnable action);

    void pauseReading();

    void resumeReading();

    void close();
  }

  /** Opens a connection to the agent's port; how it goes is told to the listener. */
  Connection connect(VsockListener listener);

  /** Runs something later, on the thread of the listeners; running what is returned cancels it. */
  Runnable schedule(long delayNanos, Runnable action);

  /** Over a VM's socket device, whose callbacks come on the loop. */
  static AgentTransport over(VsockDevice vsock, DeviceLoop loop) {
    return new AgentTransport() {
      @Override
      public Connection connect(VsockListener listener) {
        VsockConnection connection = vsock.connect(AgentFrames.AGENT_PORT, listener);
        return new Connection() {
          @Override
          public void send(byte[] bytes) {
            connection.send(bytes);
          }

          @Override
          public int queuedBytes() {
            return connection.queuedBytes();
          }

          @Override
          public void onDrained(Runnable action) {
            connection.onDrained(action);
          }

          @Override
          public void pauseReading() {
            connection.pauseReading();
          }

          @Override
          public void resumeReading() {
            connection.resumeReading();
          }

          @Override
          public void close() {
            connection.close();
          }
        };
      }

      @Override
      public Runnable schedule(long delayNanos, Runnable action) {
        return loop.schedule(delayNanos, action)::cancel;
      }
    };
  }
}
