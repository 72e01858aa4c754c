/** The block device; virtio 1.2, section 5.2; backed by a file. */
package dev.rekindle.vmm.virtio.block;
