/**
 * The machine's two address spaces for devices: ports and memory windows. Whoever builds a machine
 * maps devices; vCPU threads read and write. Depends on nothing.
 */
package dev.rekindle.vmm.bus;
