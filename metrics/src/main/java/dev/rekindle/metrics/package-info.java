/**
 * Metrics: {@link dev.rekindle.metrics.MetricNames} has each name once, {@link
 * dev.rekindle.metrics.ServiceMetrics} is what the service calls. Depends on Micrometer's
 * Prometheus registry.
 */
package dev.rekindle.metrics;
