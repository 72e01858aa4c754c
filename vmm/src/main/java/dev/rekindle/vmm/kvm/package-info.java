/**
 * KVM's three kinds of descriptor, one class each: the system ({@link dev.rekindle.vmm.kvm.Kvm}), a
 * VM, a vCPU. Thin: one method an ioctl, no policy. Depends on {@code abi} and {@code sys}.
 */
package dev.rekindle.vmm.kvm;
