/**
 * The kernel's binary interface: constants and struct layouts, named as in C, no logic. One package
 * a header family; a test compares every layout here with the C headers.
 */
package dev.rekindle.vmm.abi;
