package dev.rekindle.pool.auth;

import dev.rekindle.pool.error.ServiceException;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** A key and what is done with it now. */
final class HeldKey {
  final ApiKey key;

  /** Null where its requests are not limited. */
  final RequestRate rate;

  /** Requests that run, by their identity. */
  final Set<Grant> open = new LinkedHashSet<>();

  final Set<String> leaseIds = new HashSet<>();

  /** Leases asked for that are not there yet. */
  int pending;

  HeldKey(ApiKey key, long nowNanos) {
    this.key = key;
    rate = key.requestsPerSecond() == 0 ? null : new RequestRate(key.requestsPerSecond(), nowNanos);
  }

  int leases() {
    return leaseIds.size() + pending;
  }

  void lose(ServiceException reason) {
    List.copyOf(open).forEach(grant -> grant.lost(reason));
    open.clear();
  }
}
