package dev.rekindle.snapshotter.image;

import java.util.Objects;

/** An image could not be made; nothing is left behind. */
public final class ImageException extends Exception {
  private static final long serialVersionUID = 1L;

  /** The disk is full. */
  public static final String NO_SPACE = "image.no_space";

  private final String code;

  /**
   * @param code stable: {@code image.*}, {@code kernel.*}
   * @param message for a person
   * @param cause null where there is none
   */
  public ImageException(String code, String message, Throwable cause) {
    super(message, cause);
    this.code = Objects.requireNonNull(code);
  }

  /**
   * @param code stable
   * @param message for a person
   */
  public ImageException(String code, String message) {
    this(code, message, null);
  }

  /**
   * @return stable code
   */
  public String code() {
    return code;
  }
}
