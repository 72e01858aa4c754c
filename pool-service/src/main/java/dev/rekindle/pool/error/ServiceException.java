package dev.rekindle.pool.error;

/** A request cannot be served; becomes a problem document. */
public final class ServiceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode error;
  private final String code;
  private final String consoleTail;

  /**
   * @param error which
   * @param detail the value and the way out
   */
  public ServiceException(ErrorCode error, String detail) {
    this(error, error.code(), detail, null);
  }

  /**
   * An error that came from a host process or a builder, which has a code of its own.
   *
   * @param error its category
   * @param code more particular than the category's
   * @param detail the value and the way out
   * @param consoleTail what the guest last wrote, or null
   */
  public ServiceException(ErrorCode error, String code, String detail, String consoleTail) {
    super(detail, null, false, true);
    this.error = error;
    this.code = code;
    this.consoleTail = consoleTail;
  }

  /**
   * @return the category
   */
  public ErrorCode error() {
    return error;
  }

  /**
   * @return the code the client sees
   */
  public String code() {
    return code;
  }

  /**
   * @return what the guest last wrote to its console, or null
   */
  public String consoleTail() {
    return consoleTail;
  }
}
