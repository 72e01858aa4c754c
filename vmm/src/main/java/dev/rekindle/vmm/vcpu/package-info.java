/**
 * A vCPU's thread and its state. {@link dev.rekindle.vmm.vcpu.VcpuThread} is the only caller of
 * {@code KVM_RUN}; it hands port and memory accesses to the buses it is given. Depends on {@code
 * kvm}.
 */
package dev.rekindle.vmm.vcpu;
