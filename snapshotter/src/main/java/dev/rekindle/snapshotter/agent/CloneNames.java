package dev.rekindle.snapshotter.agent;

/**
 * The names of a clone.
 *
 * @param hostname new host name
 * @param machineId 32 hex digits
 * @param leaseId whose it is
 */
public record CloneNames(String hostname, String machineId, String leaseId) {}
