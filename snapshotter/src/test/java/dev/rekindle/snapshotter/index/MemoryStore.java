package dev.rekindle.snapshotter.index;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** A map of this process alone. Thread: any. */
final class MemoryStore implements ValueStore {
  private final Map<String, byte[]> values = new ConcurrentHashMap<>();
  private final int capacity;

  MemoryStore(int capacity) {
    this.capacity = capacity;
  }

  @Override
  public Optional<byte[]> get(String key) {
    return Optional.ofNullable(values.get(key)).map(byte[]::clone);
  }

  @Override
  public Set<String> keys() {
    return Set.copyOf(values.keySet());
  }

  @Override
  public void put(String key, byte[] value) throws IndexException {
    if (values.size() >= capacity && !values.containsKey(key)) {
      throw new IndexException(IndexError.FULL, "the index has " + capacity + " entries");
    }
    values.put(key, value.clone());
  }

  @Override
  public void remove(String key) {
    values.remove(key);
  }

  @Override
  public void close() {
    values.clear();
  }
}
