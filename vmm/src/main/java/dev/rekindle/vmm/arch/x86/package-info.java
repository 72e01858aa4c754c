/**
 * What is particular to x86-64: the address map, processor identification, model-specific
 * registers, segment and page tables, ACPI. Depends on {@code memory} only.
 */
package dev.rekindle.vmm.arch.x86;
