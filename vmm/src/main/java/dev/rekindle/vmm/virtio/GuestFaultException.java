package dev.rekindle.vmm.virtio;

/** The guest's driver broke the rules of virtio; the device needs a reset. */
public final class GuestFaultException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /**
   * @param message the rule and the value
   */
  public GuestFaultException(String message) {
    // No stack trace: a hostile guest decides how often this is thrown.
    super(message, null, false, false);
  }
}
