package dev.rekindle.vmm.vcpu;

/** Why a vCPU stopped for good: the exits that no device answers. */
public sealed interface VcpuExit {
  /** The guest reset or powered off by triple fault ({@code KVM_EXIT_SHUTDOWN}). */
  record Shutdown() implements VcpuExit {}

  /**
   * {@code KVM_EXIT_SYSTEM_EVENT}.
   *
   * @param type 1 shutdown, 2 reset, 3 crash
   */
  record SystemEvent(int type) implements VcpuExit {}

  /**
   * {@code KVM_EXIT_FAIL_ENTRY}: the processor refused the guest's state.
   *
   * @param hardwareReason as the processor gave it
   */
  record FailEntry(long hardwareReason) implements VcpuExit {}

  /**
   * {@code KVM_EXIT_INTERNAL_ERROR}.
   *
   * @param suberror 1: an instruction KVM cannot emulate
   */
  record InternalError(int suberror) implements VcpuExit {}

  /** {@code KVM_EXIT_HLT}: halted with no interrupt controller to wake it. */
  record Halted() implements VcpuExit {}

  /**
   * An exit reason this code does not know.
   *
   * @param reason as the kernel gave it
   */
  record Unsupported(int reason) implements VcpuExit {}

  /**
   * {@code KVM_RUN} itself failed, or a device threw.
   *
   * @param message what happened
   */
  record Failed(String message) implements VcpuExit {}
}
