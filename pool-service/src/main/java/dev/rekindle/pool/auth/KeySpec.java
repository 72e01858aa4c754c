package dev.rekindle.pool.auth;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The request for a new API key.
 *
 * @param name for people; {@code [A-Za-z0-9._-]}, 1 to 64
 * @param scopes {@code lease}, {@code operate}, {@code observe}; at least one
 * @param ttlSeconds until its end, {@code [1, 315360000]} (ten years); none by default
 * @param maxLeases held at once, {@code [0, 10000]}; 0, the default, for no limit of its own
 * @param requestsPerSecond {@code [0, 100000]}; 0, the default, for no limit
 */
public record KeySpec(
    @JsonProperty(required = true) String name,
    @JsonProperty(required = true) List<String> scopes,
    Integer ttlSeconds,
    Integer maxLeases,
    Integer requestsPerSecond) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._-]{1,64}");
  private static final int MAX_TTL_SECONDS = 315_360_000;

  /** Checks the ranges. */
  public KeySpec {
    if (name == null || !NAME.matcher(name).matches()) {
      throw new IllegalArgumentException("name must match " + NAME + ", got " + name);
    }
    scopes = scopes == null ? List.of() : List.copyOf(scopes);
    if (scopes.isEmpty()) {
      throw new IllegalArgumentException("scopes must have at least one of " + known());
    }
    for (String scope : scopes) {
      if (!known().contains(scope)) {
        throw new IllegalArgumentException("scopes must be of " + known() + ", got " + scope);
      }
    }
    if (ttlSeconds != null) {
      range("ttlSeconds", ttlSeconds, 1, MAX_TTL_SECONDS);
    }
    maxLeases = range("maxLeases", maxLeases == null ? 0 : maxLeases, 0, 10_000);
    requestsPerSecond =
        range("requestsPerSecond", requestsPerSecond == null ? 0 : requestsPerSecond, 0, 100_000);
  }

  private static int range(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " must be in [" + min + ", " + max + "], got " + value);
    }
    return value;
  }

  private static List<String> known() {
    return java.util.Arrays.stream(Scope.values()).map(Scope::text).toList();
  }

  Set<Scope> scopeSet() {
    Set<Scope> set = EnumSet.noneOf(Scope.class);
    for (Scope scope : Scope.values()) {
      if (scopes.contains(scope.text())) {
        set.add(scope);
      }
    }
    return set;
  }
}
