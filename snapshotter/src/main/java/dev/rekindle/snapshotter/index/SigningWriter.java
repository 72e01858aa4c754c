package dev.rekindle.snapshotter.index;

/** Signs each entry with the next sequence of its file and stores it. Thread: one at a time. */
final class SigningWriter implements SnapshotIndexWriter {
  private final ValueStore store;
  private final IndexSigner signer;
  private long sequence;

  /**
   * @param store closed with this
   * @param generation of the file, the upper half of every sequence
   */
  SigningWriter(ValueStore store, IndexSigner signer, long generation) {
    this.store = store;
    this.signer = signer;
    this.sequence = generation << IndexPointer.COUNTER_BITS;
  }

  @Override
  public void put(IndexEntry entry) throws IndexException {
    store.put(entry.key(), EntryCodec.encode(entry, ++sequence).sign(signer));
  }

  @Override
  public void remove(String key) throws IndexException {
    store.remove(key);
  }

  @Override
  public void close() {
    store.close();
  }
}
