package dev.rekindle.pool.lease;

/** Told of what becomes of leases. Called on the table's event loop; must not block or throw. */
@FunctionalInterface
public interface LeaseObserver {
  /**
   * A lease has ended.
   *
   * @param lease which
   * @param reason {@code released}, {@code expired} or {@code lost}
   */
  void ended(Lease lease, String reason);
}
