/**
 * The host processes of a service: {@link dev.rekindle.pool.fleet.HostFleet} starts, watches,
 * replaces and ends them; which one a lease goes to ({@code Placement}), what each keeps ready
 * ({@code StockPlan}) and how many there are ({@code Scaling}) is decided by plain functions of the
 * books kept of each ({@code HostLoad}). Depends on {@code hostclient}. Everything on one event
 * loop.
 */
package dev.rekindle.pool.fleet;
