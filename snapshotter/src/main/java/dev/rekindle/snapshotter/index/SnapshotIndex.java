package dev.rekindle.snapshotter.index;

import java.util.Optional;

/** The index as a reader sees it: only what the service signed. Thread: any, several at once. */
public interface SnapshotIndex {
  /**
   * @param snapshotId which
   * @return its entry, empty if there is none
   * @throws IndexException {@code damaged}, {@code signature_invalid} or {@code replayed}: there is
   *     something, and it is not believed
   */
  Optional<IndexEntry.SnapshotEntry> snapshot(String snapshotId) throws IndexException;

  /**
   * @param name of a template
   * @return its current snapshot and generation, empty if there is none
   * @throws IndexException as above
   */
  Optional<IndexEntry.TemplateEntry> template(String name) throws IndexException;
}
