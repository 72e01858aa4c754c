/**
 * What is kept ready for each template: {@link dev.rekindle.pool.sizing.Pools} knows the pools and
 * tells the host process, {@link dev.rekindle.pool.sizing.Sizing} derives counts from what {@link
 * dev.rekindle.pool.sizing.Demand} has seen. One event loop.
 */
package dev.rekindle.pool.sizing;
