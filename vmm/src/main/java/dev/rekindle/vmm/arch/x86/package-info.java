/**
 * What is particular to x86-64: the address map, processor identification, model-specific
 * registers, segment and page tables, ACPI. Depends on {@code memory} and {@code abi.kvm}, and on
 * {@code bus} for a register's meaning; owns nothing.
 */
package dev.rekindle.vmm.arch.x86;
