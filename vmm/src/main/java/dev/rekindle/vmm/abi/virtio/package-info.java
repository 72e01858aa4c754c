/** Virtio's interface to guests: registers, rings, device types; OASIS virtio 1.2. */
package dev.rekindle.vmm.abi.virtio;
