package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.restore.AgentVm;
import dev.rekindle.vmm.machine.MemoryUse;

/**
 * A sandbox that was restored, made unique and warmed, and stands still until somebody leases it.
 *
 * @param vm paused; this object's
 * @param tenant who alone may have it; null for anybody
 * @param use what it had cost when it was parked: nobody's lease
 * @param generationId the VM generation id it was made unique with
 */
record ParkedSandbox(AgentVm vm, String tenant, MemoryUse use, byte[] generationId)
    implements ParkedStock.Parked {
  @Override
  public boolean alive() {
    return !vm.exited().isDone();
  }

  @Override
  public void close() {
    vm.close();
  }
}
