package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.util.List;
import java.util.Map;

/** Where sandboxes come from. Thread: any, several at once. */
public interface SandboxFactory extends AutoCloseable {
  /**
   * A sandbox ready for use and what making it took.
   *
   * @param sandbox owned by the receiver
   * @param served {@code new}, {@code shell}, {@code parked} or {@code boot}
   * @param stagesMicros by stage, in the order they ran
   */
  record Acquired(Sandbox sandbox, String served, Map<String, Long> stagesMicros) {}

  /**
   * Restores a sandbox and makes it unique; blocks until its agent has confirmed that.
   *
   * @param request from the service
   * @return the sandbox
   * @throws HostException why there is none; nothing of it is left
   */
  Acquired acquire(HostRequest.Acquire request) throws HostException;

  /**
   * Keeps sandboxes and VMs of a snapshot ready, from now on; blocks while the snapshot is looked
   * at.
   *
   * @param request from the service
   * @throws HostException why the snapshot cannot be used
   */
  void pool(HostRequest.Pool request) throws HostException;

  /**
   * @return what is ready of each snapshot
   */
  List<HostReply.PoolLevel> pools();

  /**
   * @return whether guests run natively here
   */
  boolean runsNatively();

  /**
   * @return VMs without a guest
   */
  int shells();

  /**
   * @return sandboxes made ahead
   */
  default int parked() {
    return pools().stream().mapToInt(HostReply.PoolLevel::parked).sum();
  }

  /** Frees what was built ahead or kept; sandboxes are their holders' to close, before. */
  @Override
  void close();
}
