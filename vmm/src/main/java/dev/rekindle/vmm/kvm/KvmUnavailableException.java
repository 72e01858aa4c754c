package dev.rekindle.vmm.kvm;

/** {@code /dev/kvm} cannot be used; the message says why and what to do. */
public final class KvmUnavailableException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** Stable code of this error. */
  public static final String CODE = "kvm.unavailable";

  /**
   * @param message what is wrong and the way out
   * @param cause the failed call, or null
   */
  public KvmUnavailableException(String message, Throwable cause) {
    super(message, cause);
  }
}
