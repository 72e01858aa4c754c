/** Benchmarks: what a user waits for, beside the floor that the kernel sets, in one run. */
package dev.rekindle.bench;
