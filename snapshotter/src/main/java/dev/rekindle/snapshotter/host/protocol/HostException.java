package dev.rekindle.snapshotter.host.protocol;

import java.util.Objects;

/** A request failed for a reason with a stable code; travels as the reply's {@code error}. */
public final class HostException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final String consoleTail;

  /**
   * @param code stable, of the list in {@code docs/host-protocol.md}
   * @param message for a person
   */
  public HostException(String code, String message) {
    this(code, message, null, null);
  }

  /**
   * @param code stable, of the list in {@code docs/host-protocol.md}
   * @param message for a person
   * @param consoleTail last lines of the guest's console, null where there is no guest
   * @param cause null where there is none
   */
  public HostException(String code, String message, String consoleTail, Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code);
    this.consoleTail = consoleTail;
  }

  /** Stable code. */
  public String code() {
    return code;
  }

  /** Last lines of the guest's console, or null. */
  public String consoleTail() {
    return consoleTail;
  }
}
