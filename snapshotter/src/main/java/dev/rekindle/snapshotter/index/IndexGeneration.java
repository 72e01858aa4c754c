package dev.rekindle.snapshotter.index;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * A generation of the index as any reader has it: a pointer, the file it names, what was believed
 * of it. Thread: one at a time.
 */
final class IndexGeneration implements AutoCloseable {
  private final byte[] pointerBytes;
  private final IndexPointer pointer;
  private final MappedMap map;
  private final SignedReader reader;

  private IndexGeneration(
      byte[] pointerBytes, IndexPointer pointer, MappedMap map, SignedReader reader) {
    this.pointerBytes = pointerBytes;
    this.pointer = pointer;
    this.map = map;
    this.reader = reader;
  }

  /**
   * @param folder of the index
   * @param pointer as it was signed
   * @param verifier of the service's signatures
   * @param counts told of reads
   * @throws IndexException {@code damaged} or {@code signature_invalid}; nothing stays open
   */
  static IndexGeneration open(
      Path folder, byte[] pointer, IndexVerifier verifier, ReadCounts counts)
      throws IndexException {
    IndexPointer decoded = IndexPointer.decode(pointer, verifier);
    Path file = folder.resolve(IndexPointer.fileName(decoded.generation()));
    MappedMap map = MappedMap.open(file, decoded.geometry());
    return new IndexGeneration(
        pointer.clone(),
        decoded,
        map,
        new SignedReader(map, verifier, decoded.generation(), counts));
  }

  byte[] pointer() {
    return pointerBytes.clone();
  }

  long number() {
    return pointer.generation();
  }

  SnapshotIndex index() {
    return reader;
  }

  /** How many entries the file says it has. */
  int size() throws IndexException {
    return map.size();
  }

  /**
   * Reads all of it.
   *
   * @return the entries by key
   * @throws IndexException at the first thing that is not as it was written
   */
  Map<String, IndexEntry> entries() throws IndexException {
    Map<String, IndexEntry> found = new HashMap<>();
    for (String key : map.keys()) {
      reader.read(key).ifPresent(entry -> found.put(key, entry));
    }
    if (found.size() != map.size()) {
      throw new IndexException(
          IndexError.DAMAGED, map.size() + " entries are counted, " + found.size() + " found");
    }
    return found;
  }

  @Override
  public void close() {
    map.close();
  }
}
