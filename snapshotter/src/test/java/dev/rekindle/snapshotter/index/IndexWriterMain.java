package dev.rekindle.snapshotter.index;

import java.nio.file.Files;
import java.nio.file.Path;

/** Writes to an index without a pause until it is killed. */
final class IndexWriterMain {
  /** Keys it writes to: {@code s-0} and so on. */
  static final int KEYS = 20;

  private IndexWriterMain() {}

  public static void main(String... args) throws Exception {
    Path state = Path.of(args[0]);
    Path folder = Files.createDirectories(state.resolve(IndexKeeper.FOLDER));
    IndexKeys keys = IndexKeys.open(state);
    IndexSigner signer = keys.signer();
    long generation = keys.nextGeneration(1);
    Path file = folder.resolve(IndexPointer.fileName(generation));
    ChronicleStore store = ChronicleStore.create(file, 100);
    // Signed beforehand: most of the loop's time shall be Chronicle's.
    byte[][] values = new byte[KEYS * 2][];
    String[] names = new String[KEYS];
    for (int i = 0; i < values.length; i++) {
      IndexEntry entry = IndexEntries.snapshot("s-" + i % KEYS, i < KEYS ? 1 : 2);
      names[i % KEYS] = entry.key();
      values[i] = EntryCodec.encode(entry, generation << 32 | i + 1).sign(signer);
    }
    for (int i = 0; i < KEYS; i++) {
      store.put(names[i], values[i]);
    }
    IndexPointer.publish(folder, new IndexPointer(generation, MapGeometry.of(file)).encode(signer));
    System.out.println("writing");
    for (long i = 0; ; i++) {
      int key = (int) (i % KEYS);
      if (i % 7 == 0) {
        store.remove(names[key]);
      }
      store.put(names[key], values[KEYS + key]);
    }
  }
}
