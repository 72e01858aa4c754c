package dev.rekindle.pool.auth;

import java.time.Instant;
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/**
 * An API key as it is kept: without its secret.
 *
 * @param id part of the key itself, and its name in the API
 * @param name for people
 * @param scopes what it may do; not empty
 * @param sha256 of the secret, 64 hex digits. The secret has 256 random bits: nothing is gained by
 *     a slower hash
 * @param createdAt when it was made
 * @param expiresAt its end, if it has one
 * @param maxLeases it may hold at once; 0 for no limit of its own
 * @param requestsPerSecond it may send; 0 for no limit
 */
public record ApiKey(
    String id,
    String name,
    Set<Scope> scopes,
    String sha256,
    Instant createdAt,
    Optional<Instant> expiresAt,
    int maxLeases,
    int requestsPerSecond) {
  /** Copies the scopes. */
  public ApiKey {
    if (scopes.isEmpty()) {
      throw new IllegalArgumentException("scopes must not be empty");
    }
    scopes = Set.copyOf(EnumSet.copyOf(scopes));
  }

  boolean isOver(Instant now) {
    return expiresAt.isPresent() && !now.isBefore(expiresAt.get());
  }
}
