/**
 * Leases: {@link dev.rekindle.pool.lease.LeaseTable} gives, renews, expires and takes back. Depends
 * on {@code hostclient} and {@code template}.
 */
package dev.rekindle.pool.lease;
