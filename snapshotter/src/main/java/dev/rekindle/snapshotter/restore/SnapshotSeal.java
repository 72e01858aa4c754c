package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.format.SnapshotDigests;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * Says whether a snapshot's bytes are those its publisher vouched for; asked once for each load.
 * Thread: any, several at once.
 */
public interface SnapshotSeal {
  /** Nobody vouches for anything: the snapshot's own checksums decide alone. */
  SnapshotSeal NONE = (_, _) -> {};

  /**
   * @param directory of the snapshot
   * @param digests of the bytes that were read from it, computed when asked for
   * @throws SnapshotException {@code not_indexed}, {@code index_refused} or {@code not_as_signed}
   */
  void check(Path directory, Supplier<SnapshotDigests> digests) throws SnapshotException;
}
