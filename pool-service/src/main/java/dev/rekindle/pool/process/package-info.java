/**
 * Which processes the service has started, on disk, so that its successor finds them: {@link
 * dev.rekindle.pool.process.ProcessRecord}. Depends on {@code journal} for the machine's boot id.
 */
package dev.rekindle.pool.process;
