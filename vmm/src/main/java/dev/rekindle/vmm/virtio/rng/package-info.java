/** The entropy device; virtio 1.2, section 5.4. */
package dev.rekindle.vmm.virtio.rng;
