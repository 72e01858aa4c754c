package dev.rekindle.vmm.machine;

/** A machine could not be made or restored; nothing of it is left. */
public final class MachineException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String code;

  /**
   * @param code stable, for example {@code machine.shape_mismatch}
   * @param message the value and the way out
   * @param cause or null
   */
  public MachineException(String code, String message, Throwable cause) {
    super(message, cause);
    this.code = code;
  }

  /**
   * @return the stable code
   */
  public String code() {
    return code;
  }
}
