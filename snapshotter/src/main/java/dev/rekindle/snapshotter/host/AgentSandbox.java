package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.restore.AgentVm;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** A sandbox that is a VM with an agent; owns the VM. */
final class AgentSandbox implements Sandbox {
  private final AgentVm vm;
  private final Consumer<AgentVm> retire;
  private final AtomicBoolean closed = new AtomicBoolean();

  /**
   * @param vm running
   * @param retire ends the VM, for good or for another guest
   */
  AgentSandbox(AgentVm vm, Consumer<AgentVm> retire) {
    this.vm = vm;
    this.retire = retire;
  }

  @Override
  public ExecSession exec(HostRequest.Exec command, ExecObserver observer) {
    return vm.agent().exec(command, observer);
  }

  @Override
  public CompletableFuture<Exit> exited() {
    return vm.exited().thenApply(reason -> new Exit(reason, vm.consoleTail()));
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      retire.accept(vm);
    }
  }
}
