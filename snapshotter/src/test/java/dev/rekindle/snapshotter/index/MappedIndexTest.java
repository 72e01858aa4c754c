package dev.rekindle.snapshotter.index;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** Written by Chronicle's library, read from its file without it, as host processes do. */
class MappedIndexTest extends SnapshotIndexConformance {
  @TempDir private Path folder;

  @Override
  ValueStore makeStore() throws Exception {
    return ChronicleStore.create(folder.resolve("map"), CAPACITY);
  }

  @Override
  ValueSource sourceOf(ValueStore store) throws Exception {
    Path file = folder.resolve("map");
    return MappedMap.open(file, MapGeometry.of(file));
  }
}
