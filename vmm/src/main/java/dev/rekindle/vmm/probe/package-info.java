/** Finds out what kind of KVM a host has, by running a short loop in a VM and timing it. */
package dev.rekindle.vmm.probe;
