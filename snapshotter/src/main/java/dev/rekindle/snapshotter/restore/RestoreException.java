package dev.rekindle.snapshotter.restore;

import java.util.Objects;

/** A sandbox was not made; nothing of it is left. */
public final class RestoreException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final String consoleTail;

  /**
   * @param code stable, of the list in {@code docs/host-protocol.md}
   * @param message for a person
   * @param consoleTail last lines of the guest's console
   * @param cause null where there is none
   */
  public RestoreException(String code, String message, String consoleTail, Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code);
    this.consoleTail = consoleTail;
  }

  /**
   * @return stable code
   */
  public String code() {
    return code;
  }

  /**
   * @return last lines of the guest's console
   */
  public String consoleTail() {
    return consoleTail;
  }
}
