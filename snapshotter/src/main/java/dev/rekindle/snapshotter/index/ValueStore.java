package dev.rekindle.snapshotter.index;

/** Values by key, to be written by one process at a time. */
interface ValueStore extends ValueSource, AutoCloseable {
  /**
   * @throws IndexException {@code full}, {@code locked}, {@code damaged} or {@code io}
   */
  void put(String key, byte[] value) throws IndexException;

  /**
   * @throws IndexException {@code locked}, {@code damaged} or {@code io}
   */
  void remove(String key) throws IndexException;

  @Override
  void close();
}
