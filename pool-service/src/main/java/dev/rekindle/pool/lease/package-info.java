/**
 * Leases: {@link dev.rekindle.pool.lease.LeaseTable} gives, renews, expires and takes back what
 * {@link dev.rekindle.pool.lease.Sandboxes} makes, and keeps a {@code LeaseBook} of it that is in
 * the journal. Depends on {@code journal}, {@code fleet}, {@code sizing} and {@code template}.
 */
package dev.rekindle.pool.lease;
