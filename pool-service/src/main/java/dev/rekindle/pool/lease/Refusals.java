package dev.rekindle.pool.lease;

import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;

/** Why there is no lease. */
final class Refusals {
  private Refusals() {}

  static ServiceException stopping() {
    return new ServiceException(ErrorCode.STOPPING, "it gives no leases any more");
  }

  static ServiceException unknownTemplate(String name) {
    return new ServiceException(
        ErrorCode.TEMPLATE_UNKNOWN,
        "no template '" + name + "'; build it with PUT /v1/templates/" + name);
  }

  static ServiceException exhausted(String why) {
    return new ServiceException(ErrorCode.POOL_EXHAUSTED, why + "; try again in a second");
  }

  static ServiceException tokenMissing(String leaseId) {
    return new ServiceException(
        ErrorCode.LEASE_TOKEN_MISSING,
        "send the token of lease " + leaseId + " in the header Rekindle-Lease-Token");
  }

  static ServiceException tokenStale(Lease lease) {
    return new ServiceException(
        ErrorCode.LEASE_TOKEN_STALE,
        "the token is that of a lease that ended, or older than generation "
            + lease.generation()
            + " of lease "
            + lease.id());
  }

  static ServiceException tokenWrong(String leaseId) {
    return new ServiceException(
        ErrorCode.LEASE_TOKEN_WRONG, "the token is not that of lease " + leaseId);
  }
}
