/**
 * Puts a Linux kernel into guest memory so that the boot processor can start it: bzImage by the
 * 64-bit boot protocol ({@code Documentation/arch/x86/boot.rst}), ELF {@code vmlinux} by PVH or the
 * 64-bit entry. The way in is {@link dev.rekindle.vmm.boot.LinuxBoot}. Kernel and initramfs files
 * are untrusted: whatever is wrong with one is a {@link dev.rekindle.vmm.boot.BootException}.
 * Depends on {@code abi.boot}, {@code memory} and {@code arch.x86}; owns nothing.
 */
package dev.rekindle.vmm.boot;
