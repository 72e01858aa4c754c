/**
 * What a boot loader and a kernel agree on: the zero page of Linux ({@code asm/bootparam.h}), PVH's
 * start information ({@code xen/interface/hvm/start_info.h}) and ELF ({@code linux/elf.h}).
 * Constants and layouts only, named as in C.
 */
package dev.rekindle.vmm.abi.boot;
