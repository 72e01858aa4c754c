/**
 * What a host process's threads may ask of the kernel: one list of system calls for each kind of
 * thread, compiled to classic BPF and installed with {@code seccomp(2)}. The way in is {@link
 * dev.rekindle.vmm.seccomp.ThreadFilters}; the lists are the files {@code *.syscalls} beside it,
 * their grammar is with {@link dev.rekindle.vmm.seccomp.SyscallList}. Depends on {@code abi} and
 * {@code sys}. A filter is for good: there is nothing to close.
 */
package dev.rekindle.vmm.seccomp;
