/**
 * Leases: {@link dev.rekindle.pool.lease.LeaseTable} gives, renews, expires and takes back what
 * {@link dev.rekindle.pool.lease.Sandboxes} makes. Depends on {@code hostclient}, {@code sizing}
 * and {@code template}.
 */
package dev.rekindle.pool.lease;
