package dev.rekindle.vmm.seccomp;

/**
 * See {@link dev.rekindle.vmm.abi.linux.SockFilter}.
 *
 * @param code the operation
 * @param jt instructions to skip where the comparison holds, {@code [0, 255]}
 * @param jf where it does not
 * @param k the operand
 */
record BpfInstruction(int code, int jt, int jf, int k) {}
