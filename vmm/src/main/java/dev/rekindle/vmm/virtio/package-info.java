/**
 * Virtio 1.2: split virtqueues and the memory-mapped transport; a package each for the devices.
 * What a guest writes is not trusted: a queue that cannot be is {@link
 * dev.rekindle.vmm.virtio.GuestFaultException}, the device then needs a reset and the machine
 * lives. Depends on {@code bus} and {@code memory}.
 */
package dev.rekindle.vmm.virtio;
