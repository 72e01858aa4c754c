package dev.rekindle.snapshotter.host;

import dev.rekindle.snapshotter.agent.ExecObserver;
import dev.rekindle.snapshotter.agent.ExecSession;
import dev.rekindle.snapshotter.host.protocol.HostRequest;
import dev.rekindle.snapshotter.restore.AgentVm;
import java.util.concurrent.CompletableFuture;

/** A sandbox that is a VM with an agent; owns the VM. */
final class AgentSandbox implements Sandbox {
  private final AgentVm vm;

  AgentSandbox(AgentVm vm) {
    this.vm = vm;
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
    vm.close();
  }
}
