package dev.rekindle.pool.lease;

/** Told of what becomes of leases. Called on the table's event loop; must not block or throw. */
public interface LeaseObserver {
  /**
   * A lease was given.
   *
   * @param lease which
   */
  void given(Lease lease);

  /**
   * A lease has ended.
   *
   * @param lease which
   * @param reason {@code released}, {@code expired} or {@code lost}
   */
  void ended(Lease lease, String reason);

  /**
   * A lease was refused, or could not be made.
   *
   * @param code the error's; {@code client.gone} where its client left before
   */
  void refused(String code);
}
