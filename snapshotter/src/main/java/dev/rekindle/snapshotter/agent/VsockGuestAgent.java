package dev.rekindle.snapshotter.agent;

import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.vmm.loop.DeviceLoop;
import dev.rekindle.vmm.virtio.vsock.VsockDevice;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** The agent of a guest, reached over its socket device: {@code docs/agent-protocol.md}. */
public final class VsockGuestAgent implements GuestAgent {
  private final AgentTransport transport;
  private final AgentLine.Idle idle = new AgentLine.Idle();

  /**
   * @param vsock of the guest's VM
   * @param loop of the VM's devices
   */
  public VsockGuestAgent(VsockDevice vsock, DeviceLoop loop) {
    this(AgentTransport.over(vsock, loop));
  }

  VsockGuestAgent(AgentTransport transport) {
    this.transport = transport;
  }

  @Override
  public CompletableFuture<Void> hello(Duration timeout) {
    return AgentCall.start(transport, idle, AgentFrames::hello, VsockGuestAgent::isHello, timeout);
  }

  @Override
  public CompletableFuture<Void> reach(Duration timeout) {
    return AgentCall.reach(transport, idle, timeout);
  }

  @Override
  public CompletableFuture<Void> identity(CloneIdentity identity, Duration timeout) {
    return AgentCall.start(
        transport,
        idle,
        () -> AgentFrames.identity(identity, CloneIdentity.wallclockNanos()),
        reply -> reply instanceof AgentFrames.Reply.IdentityOk,
        timeout);
  }

  @Override
  public ExecSession exec(HostRequest.Exec command, ExecObserver observer) {
    return AgentExec.start(transport, command, observer);
  }

  @Override
  public void hangUp() {
    AgentLine line = idle.take();
    if (line != null) {
      line.close();
    }
  }

  private static boolean isHello(AgentFrames.Reply reply) throws AgentException {
    if (!(reply instanceof AgentFrames.Reply.HelloOk(int version, String agentVersion))) {
      return false;
    }
    if (version != AgentFrames.VERSION) {
      throw new AgentException(
          "agent.version_unsupported", "agent " + agentVersion + " speaks version " + version);
    }
    return true;
  }
}
