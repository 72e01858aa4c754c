/**
 * ACPI tables and AML as bytes, after the ACPI specification 6.5: chapter 5 (tables), 6.4 (resource
 * descriptors), 20 (AML). Knows nothing of this machine: {@link
 * dev.rekindle.vmm.arch.x86.AcpiTables} says what is in it. Depends on nothing.
 */
package dev.rekindle.vmm.arch.x86.acpi;
