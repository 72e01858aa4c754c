/**
 * The snapshot index: one file, a Chronicle Map, that the service writes and every host process
 * maps; {@code docs/snapshot-index.md} has its format, lifecycle and recovery. Ways in: {@link
 * dev.rekindle.snapshotter.index.IndexKeeper} for the service, {@link
 * dev.rekindle.snapshotter.index.IndexFollower} for a host process. {@link
 * dev.rekindle.snapshotter.index.ChronicleStore} alone uses Chronicle's library; host processes
 * read its file by {@link dev.rekindle.snapshotter.index.MappedMap}. Depends on the format only.
 */
package dev.rekindle.snapshotter.index;
