package dev.rekindle.snapshotter.template;

import java.util.Objects;

/** A recipe says something that cannot be. */
public final class RecipeException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final String code;

  /**
   * @param code stable: {@code template.*}
   * @param message names field, rule and value
   */
  public RecipeException(String code, String message) {
    super(message);
    this.code = Objects.requireNonNull(code);
  }

  /**
   * @return stable code
   */
  public String code() {
    return code;
  }
}
