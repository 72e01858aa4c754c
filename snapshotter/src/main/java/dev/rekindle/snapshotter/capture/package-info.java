/**
 * From a paused VM to a published snapshot. Way in: {@link
 * dev.rekindle.snapshotter.capture.SnapshotWriter}. Depends on the format and on the monitor's
 * memory and system calls; the VM stays its owner's.
 */
package dev.rekindle.snapshotter.capture;
