package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.vcpu.VcpuExit;

/** Why a machine stopped for good. */
public sealed interface VmExit {
  /** The guest asked for it: a reboot, a power-off, or a panic with {@code panic=-1}. */
  record Reset() implements VmExit {}

  /**
   * A vCPU cannot go on.
   *
   * @param vcpuExit why
   */
  record Stopped(VcpuExit vcpuExit) implements VmExit {}

  /** {@link MicroVm#close} or {@link MicroVm#vacate}. */
  record Closed() implements VmExit {}
}
