package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.host.protocol.HostException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import java.util.List;

/** Stands in where /dev/kvm cannot be used, so that the service hears the reason. */
final class KvmlessFactory implements SandboxFactory {
  private final String reason;

  KvmlessFactory(String reason) {
    this.reason = reason;
  }

  @Override
  public Acquired acquire(HostRequest.Acquire request) throws HostException {
    throw new HostException("kvm.unavailable", reason);
  }

  @Override
  public void pool(HostRequest.Pool request) throws HostException {
    throw new HostException("kvm.unavailable", reason);
  }

  @Override
  public List<HostReply.PoolLevel> pools() {
    return List.of();
  }

  @Override
  public boolean runsNatively() {
    return false;
  }

  @Override
  public int shells() {
    return 0;
  }

  @Override
  public void close() {}
}
