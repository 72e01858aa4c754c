package dev.rekindle.pool.lease;

import java.util.Optional;

/**
 * What is asked for.
 *
 * @param template its name
 * @param tenant whom it is for: VMs are not shared between tenants unless a pool says so
 * @param ttlSeconds {@code [1, LeaseTable.MAX_TTL_SECONDS]}
 * @param run whether it is for one command, after which it ends
 * @param key by which it is known when it is asked for again
 */
public record AcquireRequest(
    String template, String tenant, int ttlSeconds, boolean run, Optional<IdempotencyKey> key) {
  /**
   * @param template see the record
   * @param tenant see the record
   * @param ttlSeconds see the record
   * @return a request for a lease, without a key
   */
  public static AcquireRequest of(String template, String tenant, int ttlSeconds) {
    return new AcquireRequest(template, tenant, ttlSeconds, false, Optional.empty());
  }
}
