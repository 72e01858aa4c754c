/**
 * What happens, told as it happens: {@link dev.rekindle.pool.feed.LeaseFeed} keeps the last events
 * and wakes who reads them. Depends on leases. One event loop.
 */
package dev.rekindle.pool.feed;
