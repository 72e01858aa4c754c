package dev.rekindle.snapshotter.template;

import java.util.Objects;

/** A template was not built; the one before it stays as it was. */
public final class BuildException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final String consoleTail;

  /**
   * @param code stable: {@code template.*}, {@code kernel.*}, {@code initramfs.*}, {@code
   *     snapshot.*}, {@code kvm.unavailable}
   * @param message for a person
   * @param consoleTail last lines of the guest's console; null where no guest ran
   * @param cause null where there is none
   */
  public BuildException(String code, String message, String consoleTail, Throwable cause) {
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
   * @return last lines of the guest's console, or null
   */
  public String consoleTail() {
    return consoleTail;
  }
}
