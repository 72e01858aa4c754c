package dev.rekindle.snapshotter.index;

import java.util.Optional;
import java.util.Set;

/** Values by key, whatever they say. */
interface ValueSource {
  /**
   * @return a copy of the value
   * @throws IndexException {@code damaged} or {@code locked}
   */
  Optional<byte[]> get(String key) throws IndexException;

  /**
   * @return all keys
   * @throws IndexException {@code damaged} or {@code locked}
   */
  Set<String> keys() throws IndexException;
}
