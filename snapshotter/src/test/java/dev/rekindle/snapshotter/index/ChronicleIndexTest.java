package dev.rekindle.snapshotter.index;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Written and read by Chronicle's library. */
class ChronicleIndexTest extends SnapshotIndexConformance {
  @TempDir private Path folder;

  @Override
  ValueStore makeStore() throws Exception {
    return ChronicleStore.create(folder.resolve("map"), CAPACITY);
  }

  @Override
  ValueSource sourceOf(ValueStore store) {
    return store;
  }
}
