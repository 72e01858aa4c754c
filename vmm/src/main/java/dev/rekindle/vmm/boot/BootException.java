package dev.rekindle.vmm.boot;

import java.util.Objects;

/**
 * A guest cannot be booted from what was given; {@link #code()} says of which kind the fault is.
 */
public final class BootException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final BootErrorCode code;

  /**
   * @param code kind of fault
   * @param message what is wrong, with the values
   */
  public BootException(BootErrorCode code, String message) {
    this(code, message, null);
  }

  /**
   * @param code kind of fault
   * @param message what is wrong, with the values
   * @param cause of it, or null
   */
  public BootException(BootErrorCode code, String message, Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code, "code");
  }

  /**
   * @return kind of fault
   */
  public BootErrorCode code() {
    return code;
  }
}
