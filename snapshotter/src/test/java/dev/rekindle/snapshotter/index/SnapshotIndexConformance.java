package dev.rekindle.snapshotter.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What any index does, whatever keeps its values. */
@Timeout(300)
abstract class SnapshotIndexConformance {
  static final int CAPACITY = 128;
  static final long GENERATION = 7;

  private ValueStore store;
  private SnapshotIndexWriter writer;
  private ValueSource source;
  private SnapshotIndex index;

  abstract ValueStore makeStore() throws Exception;

  /** How readers see what was put into it. */
  abstract ValueSource sourceOf(ValueStore store) throws Exception;

  @BeforeEach
  void make() throws Exception {
    store = makeStore();
    writer = new SigningWriter(store, IndexEntries.SIGNER, GENERATION);
    source = sourceOf(store);
    index = new SignedReader(source, IndexEntries.VERIFIER, GENERATION, new ReadCounts());
  }

  @AfterEach
  void close() throws Exception {
    if (source instanceof MappedMap closeable) {
      closeable.close();
    }
    writer.close();
  }

  @Test
  void shouldFindNothingWhenEmpty() throws Exception {
    assertThat(index.snapshot("base-1")).isEmpty();
    assertThat(index.template("base")).isEmpty();
    assertThat(source.keys()).isEmpty();
  }

  @Test
  void shouldFindWhatWasPut() throws Exception {
    writer.put(IndexEntries.snapshot("base-1"));
    writer.put(IndexEntries.template("base", "base-1", 1));

    assertThat(index.snapshot("base-1")).contains(IndexEntries.snapshot("base-1"));
    assertThat(index.template("base")).contains(IndexEntries.template("base", "base-1", 1));
    assertThat(index.snapshot("base")).isEmpty();
    assertThat(source.keys()).containsExactlyInAnyOrder("snapshot/base-1", "template/base");
  }

  @Test
  void shouldFindTheNewestOfAKey() throws Exception {
    for (int generation = 1; generation <= 20; generation++) {
      writer.put(IndexEntries.template("base", "base-" + "x".repeat(generation), generation));

      assertThat(index.template("base").orElseThrow().generation()).isEqualTo(generation);
    }
    assertThat(source.keys()).hasSize(1);
  }

  @Test
  void shouldForgetWhatWasRemoved() throws Exception {
    writer.put(IndexEntries.snapshot("base-1"));
    writer.put(IndexEntries.snapshot("base-2"));

    writer.remove("snapshot/base-1");
    writer.remove("snapshot/never");

    assertThat(index.snapshot("base-1")).isEmpty();
    assertThat(index.snapshot("base-2")).isPresent();
    assertThat(source.keys()).containsExactly("snapshot/base-2");
  }

  @Test
  void shouldBeEqualToAPlainMapAfterAnyChanges() throws Exception {
    Random random = new Random(42);
    Map<String, IndexEntry.SnapshotEntry> expected = new HashMap<>();
    for (int i = 0; i < 1500; i++) {
      String id = "s-" + random.nextInt(CAPACITY);
      if (random.nextInt(3) == 0) {
        writer.remove("snapshot/" + id);
        expected.remove(id);
      } else {
        IndexEntry.SnapshotEntry entry = IndexEntries.snapshot(id, random.nextInt(1 << 20));
        writer.put(entry);
        expected.put(id, entry);
      }
    }

    for (int i = 0; i < CAPACITY; i++) {
      assertThat(index.snapshot("s-" + i)).isEqualTo(Optional.ofNullable(expected.get("s-" + i)));
    }
    assertThat(source.keys()).hasSameSizeAs(expected.keySet());
  }

  @Test
  void shouldRefuseOneEntryTooManyAndStayWhole() throws Exception {
    for (int i = 0; i < CAPACITY; i++) {
      writer.put(IndexEntries.snapshot("s-" + i));
    }

    assertThatThrownBy(() -> writer.put(IndexEntries.snapshot("more")))
        .isInstanceOfSatisfying(
            IndexException.class, e -> assertThat(e.error()).isEqualTo(IndexError.FULL));

    writer.put(IndexEntries.snapshot("s-0", 9));
    assertThat(index.snapshot("s-0").orElseThrow().sizes().workingSetBytes()).isEqualTo(9);
    assertThat(source.keys()).hasSize(CAPACITY);
    writer.remove("snapshot/s-1");
    writer.put(IndexEntries.snapshot("more"));
    assertThat(index.snapshot("more")).isPresent();
  }

  @Test
  void shouldNeverShowAHalfWrittenValueToReadersBeside() throws Exception {
    writer.put(IndexEntries.template("base", "base-0", 1));
    AtomicBoolean done = new AtomicBoolean();
    List<CompletableFuture<Integer>> readers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      readers.add(CompletableFuture.supplyAsync(() -> read(done)));
    }

    for (int generation = 2; generation < 400; generation++) {
      // Of changing length, so that the value moves.
      writer.put(IndexEntries.template("base", "base-" + "x".repeat(generation % 50), generation));
    }
    done.set(true);

    for (CompletableFuture<Integer> reader : readers) {
      assertThat(reader.get()).isPositive();
    }
  }

  private int read(AtomicBoolean done) {
    int last = 0;
    try {
      while (!done.get() || last == 0) {
        int generation = index.template("base").orElseThrow().generation();
        assertThat(generation).isGreaterThanOrEqualTo(last);
        last = generation;
      }
    } catch (IndexException e) {
      throw new AssertionError(e);
    }
    return last;
  }
}
