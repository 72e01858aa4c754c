package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.DurableFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** A generation of the index that this process made and alone writes. Thread: one at a time. */
final class IndexFile implements AutoCloseable {
  private static final int MIN_CAPACITY = 1024;
  private static final int MAX_CAPACITY = 1 << 18;

  private final Path file;
  private final SnapshotIndexWriter writer;
  private final IndexGeneration generation;
  private final Map<String, IndexEntry> entries = new HashMap<>();

  private IndexFile(Path file, SnapshotIndexWriter writer, IndexGeneration generation) {
    this.file = file;
    this.writer = writer;
    this.generation = generation;
  }

  /**
   * Makes a file with these entries and reads it back as a host process will.
   *
   * @param folder of the index
   * @param number of the generation, never used before
   * @throws IndexException {@code no_space}, {@code io}, {@code unavailable} or {@code full};
   *     nothing is left behind
   */
  static IndexFile make(
      Path folder,
      long number,
      IndexSigner signer,
      IndexVerifier verifier,
      Map<String, IndexEntry> wanted)
      throws IndexException {
    Path file = folder.resolve(IndexPointer.fileName(number));
    ChronicleStore store = ChronicleStore.create(file, capacityFor(wanted.size()));
    IndexGeneration generation = null;
    try {
      byte[] pointer = new IndexPointer(number, MapGeometry.of(file)).encode(signer);
      generation = IndexGeneration.open(folder, pointer, verifier, new ReadCounts());
      IndexFile made = new IndexFile(file, new SigningWriter(store, signer, number), generation);
      made.equalize(wanted);
      return made;
    } catch (IOException e) {
      throw discarded(file, store, generation, IndexException.of("making " + file, e));
    } catch (IndexException e) {
      throw discarded(file, store, generation, e);
    }
  }

  private static IndexException discarded(
      Path file, ValueStore store, IndexGeneration generation, IndexException e) {
    if (generation != null) {
      generation.close();
    }
    store.close();
    try {
      Files.deleteIfExists(file);
    } catch (IOException suppressed) {
      e.addSuppressed(suppressed);
    }
    return e;
  }

  private static int capacityFor(int entries) throws IndexException {
    int capacity = Math.max(MIN_CAPACITY, Integer.highestOneBit(Math.max(1, entries)) * 4);
    if (capacity > MAX_CAPACITY) {
      throw new IndexException(IndexError.FULL, entries + " entries are too many for an index");
    }
    return capacity;
  }

  /**
   * Puts what is new or changed, removes what is not wanted, makes it durable and reads it back.
   *
   * @throws IndexException the file is then not to be used any more
   */
  void equalize(Map<String, IndexEntry> wanted) throws IndexException {
    Set<String> unwanted = new HashSet<>(entries.keySet());
    unwanted.removeAll(wanted.keySet());
    for (String key : unwanted) {
      writer.remove(key);
      entries.remove(key);
    }
    for (IndexEntry entry : wanted.values()) {
      if (!entry.equals(entries.get(entry.key()))) {
        writer.put(entry);
        entries.put(entry.key(), entry);
      }
    }
    try {
      DurableFiles.syncFile(file);
    } catch (IOException e) {
      throw IndexException.of("syncing " + file, e);
    }
    if (!wanted.equals(generation.entries())) {
      throw new IndexException(
          IndexError.DAMAGED, "what is in " + file.getFileName() + " is not what was written");
    }
  }

  IndexGeneration generation() {
    return generation;
  }

  @Override
  public void close() {
    generation.close();
    writer.close();
  }
}
