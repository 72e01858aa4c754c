/**
 * Guest memory: guest-physical addresses to host memory, every access checked. Depends on {@code
 * sys} only; whoever builds a VM owns the mapping behind it.
 */
package dev.rekindle.vmm.memory;
