/**
 * The files of a snapshot, byte by byte: {@code docs/snapshot-format.md}. Way in: {@link
 * dev.rekindle.snapshotter.format.StateFile}, {@link dev.rekindle.snapshotter.format.Manifest},
 * {@link dev.rekindle.snapshotter.format.MemoryChecksums}. Whatever is read here may be damaged or
 * made up; a refusal is a {@link dev.rekindle.snapshotter.format.SnapshotException} with a stable
 * code. Owns no resource; all classes but the payload reader and writer are thread-safe.
 */
package dev.rekindle.snapshotter.format;
