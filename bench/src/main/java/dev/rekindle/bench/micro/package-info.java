/**
 * JMH benchmarks of the hot pieces that need no KVM: what the service and the devices do for each
 * lease. Run by {@link dev.rekindle.bench.MicroBench}; may depend on everything.
 */
package dev.rekindle.bench.micro;
