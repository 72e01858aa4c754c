package dev.rekindle.pool.jail;

import java.util.Locale;

/** How much of the jail there must be. */
public enum JailMode {
  /** Each layer this machine has. */
  AUTO,
  /** Every layer; without one the service does not start. */
  ALWAYS,
  /** None. */
  NEVER;

  /**
   * @param text {@code auto}, {@code always} or {@code never}
   * @return the mode
   * @throws IllegalArgumentException for anything else
   */
  public static JailMode parse(String text) {
    for (JailMode mode : values()) {
      if (mode.name().toLowerCase(Locale.ROOT).equals(text)) {
        return mode;
      }
    }
    throw new IllegalArgumentException("jail must be auto, always or never, got " + text);
  }
}
