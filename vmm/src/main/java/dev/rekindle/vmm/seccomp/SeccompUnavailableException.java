package dev.rekindle.vmm.seccomp;

import dev.rekindle.vmm.sys.ErrnoException;

/** The kernel takes no filters; it needs {@code CONFIG_SECCOMP_FILTER}. */
public final class SeccompUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  SeccompUnavailableException(ErrnoException cause) {
    super("this kernel takes no seccomp filters: " + cause.getMessage(), cause);
  }
}
