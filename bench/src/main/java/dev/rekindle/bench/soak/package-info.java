/**
 * Leases at a steady rate while processes are killed: {@link dev.rekindle.bench.soak.SoakBench}.
 * The client trusts nobody: it keeps its own ledger, writes a mark into each sandbox it holds,
 * knows which faults are its own doing, and counts what the machine holds before and after.
 */
package dev.rekindle.bench.soak;
