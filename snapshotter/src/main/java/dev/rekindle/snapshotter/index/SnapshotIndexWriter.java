package dev.rekindle.snapshotter.index;

/** The index as the service writes it. Thread: one at a time; there is one writer of a file. */
public interface SnapshotIndexWriter extends AutoCloseable {
  /**
   * Puts an entry, in place of an older one of its key. What it names must be on disk, durably.
   *
   * @param entry a snapshot or a template
   * @throws IndexException {@code full}, {@code locked}, {@code damaged} or {@code io}; the map is
   *     then not to be written any more
   */
  void put(IndexEntry entry) throws IndexException;

  /**
   * Removes an entry, if it is there.
   *
   * @param key see {@link IndexEntry#key()}
   * @throws IndexException as above
   */
  void remove(String key) throws IndexException;

  @Override
  void close();
}
