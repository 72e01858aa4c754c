package dev.rekindle.pool.lease;

/**
 * A lease, and what its holder proves to be its holder by.
 *
 * @param lease as it is
 * @param token told to nobody else, and kept nowhere
 */
public record LeaseGrant(Lease lease, String token) {}
