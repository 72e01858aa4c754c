/** KVM's ioctl interface for x86; {@code linux/kvm.h}, {@code asm/kvm.h}. */
package dev.rekindle.vmm.abi.kvm;
