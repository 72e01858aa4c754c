package dev.rekindle.snapshotter.restore;

import java.nio.file.Path;
import java.util.OptionalLong;

/**
 * A snapshot that a process has open.
 *
 * @param directory of it
 * @param memoryBytes of its memory file, holes included
 * @param dataBytes of that which are not zero
 * @param residentBytes of the file in the page cache; empty where the kernel does not tell
 * @param workingSetBytes prefetched by each restore
 */
public record OpenSnapshot(
    Path directory,
    long memoryBytes,
    long dataBytes,
    OptionalLong residentBytes,
    long workingSetBytes) {
  static OpenSnapshot of(Path directory, PreparedSnapshot snapshot) {
    return new OpenSnapshot(
        directory,
        snapshot.memory().bytes(),
        snapshot.manifest().memory().dataBytes(),
        snapshot.memory().residentBytes(),
        snapshot.prefetch().bytes());
  }
}
