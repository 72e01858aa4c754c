package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.agent.CloneIdentity;
import dev.rekindle.snapshotter.agent.GuestAgent;
import dev.rekindle.vmm.machine.MicroVm;
import dev.rekindle.vmm.machine.VmExit;
import dev.rekindle.vmm.vcpu.VcpuExit;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A VM and the agent in it. Owns the VM. Thread: any. */
public final class AgentVm implements RestoredVm {
  /** How much of the console goes into errors and events, bytes. */
  private static final int TAIL_BYTES = 8 * 1024;

  /** {@code KVM_SYSTEM_EVENT_SHUTDOWN}, {@code KVM_SYSTEM_EVENT_RESET}; linux/kvm.h. */
  private static final int SYSTEM_EVENT_SHUTDOWN = 1;

  private static final int SYSTEM_EVENT_RESET = 2;

  private final MicroVm vm;
  private final GuestAgent agent;
  private final CompletableFuture<String> exited = new CompletableFuture<>();

  /**
   * @param vm paused; this object's from now on
   * @param agent of the guest in it
   */
  public AgentVm(MicroVm vm, GuestAgent agent) {
    this.vm = vm;
    this.agent = agent;
    vm.exited()
        .thenAccept(exit -> {
          String reason = reason(exit);
          if (reason != null) {
            exited.complete(reason);
          }
        });
  }

  /**
   * @return the agent
   */
  public GuestAgent agent() {
    return agent;
  }

  /**
   * @return the VM
   */
  public MicroVm vm() {
    return vm;
  }

  @Override
  public byte[] renewGenerationId() {
    return vm.renewGenerationId();
  }

  @Override
  public void resetConnections() {
    vm.vsock().sendTransportReset();
  }

  @Override
  public void resume() {
    vm.resume();
  }

  @Override
  public CompletableFuture<Void> reach(Duration timeout) {
    return agent.reach(timeout);
  }

  @Override
  public CompletableFuture<Void> identity(CloneIdentity identity, Duration timeout) {
    return agent.identity(identity, timeout);
  }

  @Override
  public CompletableFuture<String> exited() {
    return exited;
  }

  @Override
  public String consoleTail() {
    return vm.console().text(TAIL_BYTES);
  }

  @Override
  public void close() {
    vm.close();
  }

  /** Null where the VM was closed by us. */
  private static String reason(VmExit exit) {
    return switch (exit) {
      case VmExit.Reset() -> "reboot";
      case VmExit.Stopped(VcpuExit cause) -> reason(cause);
      case VmExit.Closed() -> null;
    };
  }

  private static String reason(VcpuExit cause) {
    return switch (cause) {
      case VcpuExit.Shutdown() -> "triple_fault";
      case VcpuExit.SystemEvent(int type) when type == SYSTEM_EVENT_SHUTDOWN -> "power_off";
      case VcpuExit.SystemEvent(int type) when type == SYSTEM_EVENT_RESET -> "reboot";
      case VcpuExit.SystemEvent _ -> "crash";
      case VcpuExit.Halted() -> "halted";
      case VcpuExit.FailEntry _,
          VcpuExit.InternalError _,
          VcpuExit.Unsupported _,
          VcpuExit.Failed _ ->
          "kvm_error";
    };
  }
}
