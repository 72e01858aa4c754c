/**
 * A whole machine. {@link dev.rekindle.vmm.machine.Shell} is the hardware of a {@link
 * dev.rekindle.vmm.machine.Shape}, built ahead of time and empty; {@link
 * dev.rekindle.vmm.machine.MicroVm} is a shell with a guest in it, booted or restored. The way in
 * is {@link dev.rekindle.vmm.machine.KvmHost}. Owns everything it builds: closing a machine leaves
 * no descriptor, mapping or thread.
 */
package dev.rekindle.vmm.machine;
