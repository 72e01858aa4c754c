package dev.rekindle.snapshotter.index;

class MemoryIndexTest extends SnapshotIndexConformance {
  @Override
  ValueStore makeStore() {
    return new MemoryStore(CAPACITY);
  }

  @Override
  ValueSource sourceOf(ValueStore store) {
    return store;
  }
}
