package dev.rekindle.vmm.seccomp;

import java.util.List;

/**
 * One line of a list.
 *
 * @param syscall as in {@code asm/unistd_64.h}
 * @param nr its number
 * @param matches all must hold; none for any arguments
 * @param errno 0 lets the call through, else it returns this error without being made; {@code [0,
 *     4095]}
 */
record SyscallRule(String syscall, int nr, List<ArgumentMatch> matches, int errno) {
  SyscallRule {
    matches = List.copyOf(matches);
    if (errno < 0 || errno > 4095) {
      throw new IllegalArgumentException("errno must be in [0, 4095], got " + errno);
    }
  }
}
