package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.restore.AgentVm;

/**
 * A sandbox that was restored, made unique and warmed, and stands still until somebody leases it.
 *
 * @param vm paused; this object's
 * @param tenant who alone may have it; null for anybody
 * @param generationId the VM generation id it was made unique with
 */
record ParkedSandbox(AgentVm vm, String tenant, byte[] generationId) implements ParkedStock.Parked {
  @Override
  public boolean alive() {
    return !vm.exited().isDone();
  }

  @Override
  public void close() {
    vm.close();
  }
}
