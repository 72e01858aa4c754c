/**
 * The journal of leases, {@code docs/lease-journal.md}: {@link
 * dev.rekindle.pool.journal.LeaseJournal} appends {@link dev.rekindle.pool.journal.LeaseRecord}s to
 * a file and reads them back after the service has died. Knows the format, not what leases mean.
 * Depends on {@code metrics} only.
 */
package dev.rekindle.pool.journal;
