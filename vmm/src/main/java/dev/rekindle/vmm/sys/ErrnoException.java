package dev.rekindle.vmm.sys;

import dev.rekindle.vmm.abi.linux.Errno;

/** A system call failed; carries the call, the error number and what it was about. */
public final class ErrnoException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String call;
  private final int errno;

  /**
   * @param call name of the call or ioctl request, for example {@code KVM_CREATE_VM}
   * @param errno as the kernel set it
   * @param detail the value the call was about, for example a path or {@code fd 7}
   */
  public ErrnoException(String call, int errno, String detail) {
    super(call + "(" + detail + "): " + Errno.name(errno));
    this.call = call;
    this.errno = errno;
  }

  /**
   * @return name of the call
   */
  public String call() {
    return call;
  }

  /**
   * @return see {@link Errno}
   */
  public int errno() {
    return errno;
  }
}
