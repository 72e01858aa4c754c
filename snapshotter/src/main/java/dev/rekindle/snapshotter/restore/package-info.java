/**
 * From a snapshot to a running, unique sandbox. Way in: {@link
 * dev.rekindle.snapshotter.restore.SnapshotReader}. A snapshot is trusted only after all its
 * checksums, its shape and its CPU features were compared.
 */
package dev.rekindle.snapshotter.restore;
