package dev.rekindle.pool.auth;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** What an API key may do. */
public enum Scope {
  /** Lease sandboxes and run commands in them. */
  LEASE,
  /** Build and remove templates, set pools, make and revoke keys. */
  OPERATE,
  /** Look. */
  OBSERVE;

  /**
   * @return its name in the API
   */
  @JsonValue
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
