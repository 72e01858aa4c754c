package dev.rekindle.pool.fleet;

import java.util.List;

/**
 * What is to be kept ready of a template, in all processes together.
 *
 * @param template which
 * @param snapshotDir its current snapshot
 * @param imagesDir holds its disks
 * @param parked sandboxes
 * @param shells VMs without a guest
 * @param warmUp command each parked sandbox has run; empty for none
 * @param own whether processes that keep it must keep nothing else
 */
public record PoolWant(
    String template,
    String snapshotDir,
    String imagesDir,
    int parked,
    int shells,
    List<String> warmUp,
    boolean own) {}
