package dev.rekindle.snapshotter.index;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/**
 * Believes what the service signed for the key it was found under, in the file's generation, and
 * not before something that was seen under that key already. A value is verified once; as long as
 * the same bytes are found they are believed again. Thread: any, several at once.
 */
final class SignedReader implements SnapshotIndex {
  private record Believed(byte[] value, long sequence, IndexEntry entry) {}

  /**
   * How long a value whose checksum is wrong is read again: its writer may be at it, and may have
   * lost its processor in the middle.
   */
  private static final Duration PATIENCE = Duration.ofMillis(250);

  /** So often at once, then with pauses, in which the writer gets on. */
  private static final int SPINS = 50;

  private static final long PAUSE_NANOS = 100_000;

  private final ValueSource source;
  private final IndexVerifier verifier;
  private final long generation;
  private final ReadCounts counts;
  private final long patienceNanos;
  private final Map<String, Believed> believed = new ConcurrentHashMap<>();

  /** Damaged values that did not change in all the patience: nobody waits for them again. */
  private final Map<String, byte[]> condemned = new ConcurrentHashMap<>();

  SignedReader(ValueSource source, IndexVerifier verifier, long generation, ReadCounts counts) {
    this(source, verifier, generation, counts, PATIENCE);
  }

  SignedReader(
      ValueSource source,
      IndexVerifier verifier,
      long generation,
      ReadCounts counts,
      Duration patience) {
    this.source = source;
    this.verifier = verifier;
    this.generation = generation;
    this.counts = counts;
    this.patienceNanos = patience.toNanos();
  }

  @Override
  public Optional<IndexEntry.SnapshotEntry> snapshot(String snapshotId) throws IndexException {
    return read(IndexEntry.SnapshotEntry.keyOf(snapshotId))
        .map(IndexEntry.SnapshotEntry.class::cast);
  }

  @Override
  public Optional<IndexEntry.TemplateEntry> template(String name) throws IndexException {
    return read(IndexEntry.TemplateEntry.keyOf(name)).map(IndexEntry.TemplateEntry.class::cast);
  }

  Optional<IndexEntry> read(String key) throws IndexException {
    counts.read();
    try {
      return readWhole(key);
    } catch (IndexException e) {
      counts.rejected();
      throw e;
    }
  }

  private Optional<IndexEntry> readWhole(String key) throws IndexException {
    long start = System.nanoTime();
    for (int attempt = 1; ; attempt++) {
      Optional<byte[]> value = source.get(key);
      if (value.isEmpty()) {
        return Optional.empty();
      }
      Believed known = believed.get(key);
      if (known != null && Arrays.equals(known.value, value.get())) {
        return Optional.of(known.entry);
      }
      try {
        return Optional.of(believe(key, value.get(), SignedValue.open(value.get())));
      } catch (IndexException e) {
        if (e.error() != IndexError.DAMAGED || Arrays.equals(condemned.get(key), value.get())) {
          throw e;
        }
        if (attempt >= SPINS && System.nanoTime() - start >= patienceNanos) {
          condemned.put(key, value.get());
          throw e;
        }
      }
      if (attempt < SPINS) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private IndexEntry believe(String key, byte[] bytes, SignedValue value) throws IndexException {
    SignedValue.verify(bytes, verifier);
    if (value.kind() == SignedValue.POINTER) {
      throw new IndexException(IndexError.SIGNATURE_INVALID, "a pointer under " + key);
    }
    IndexEntry entry = EntryCodec.decode(value);
    if (!entry.key().equals(key)) {
      throw new IndexException(
          IndexError.SIGNATURE_INVALID, "the value of " + entry.key() + " under " + key);
    }
    if (value.sequence() >>> IndexPointer.COUNTER_BITS != generation) {
      throw new IndexException(
          IndexError.REPLAYED,
          key + ": a value of another generation than the file's, " + generation);
    }
    Believed found = new Believed(bytes, value.sequence(), entry);
    Believed newest =
        believed.merge(key, found, (old, now) -> now.sequence > old.sequence ? now : old);
    if (!Arrays.equals(newest.value, bytes)) {
      throw new IndexException(
          IndexError.REPLAYED, key + ": an older value than one that was seen before");
    }
    return entry;
  }
}
