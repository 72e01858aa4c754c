package dev.rekindle.cli.doctor;

import java.util.Locale;

/** How bad it is. */
public enum Level {
  /** As it should be. */
  OK,
  /** Rekindle works, but something is slower or weaker than it could be. */
  WARN,
  /** Something that Rekindle needs is missing. */
  FAIL;

  /**
   * @return in lower case, as printed
   */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
