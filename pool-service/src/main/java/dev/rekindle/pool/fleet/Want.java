package dev.rekindle.pool.fleet;

/**
 * A sandbox that somebody wants.
 *
 * @param template whose
 * @param snapshotDir what it is restored from
 * @param tenant whom it is for; empty for nobody in particular, who is a tenant like any other
 * @param own whether it must be in a process that has sandboxes of its template only
 * @param shared whether tenants who allow it too may be in its process
 */
public record Want(
    String template, String snapshotDir, String tenant, boolean own, boolean shared) {}
