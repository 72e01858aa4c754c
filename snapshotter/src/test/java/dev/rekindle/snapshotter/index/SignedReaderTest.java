package dev.rekindle.snapshotter.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A store that somebody else can write to: whoever was broken into and maps the file. */
class SignedReaderTest {
  private static final long GENERATION = 3;
  private final MemoryStore store = new MemoryStore(100);
  private final ReadCounts counts = new ReadCounts();
  private final SnapshotIndexWriter writer =
      new SigningWriter(store, IndexEntries.SIGNER, GENERATION);
  private final SignedReader index =
      new SignedReader(store, IndexEntries.VERIFIER, GENERATION, counts, Duration.ofNanos(1));

  @BeforeEach
  void put() throws Exception {
    writer.put(IndexEntries.snapshot("base-1"));
    writer.put(IndexEntries.template("base", "base-1", 1));
  }

  private void assertRefused(IndexError error) {
    long before = counts.rejections();
    assertThatThrownBy(() -> index.template("base"))
        .isInstanceOfSatisfying(IndexException.class, e -> assertThat(e.error()).isEqualTo(error));
    assertThat(counts.rejections()).isEqualTo(before + 1);
  }

  @Test
  void shouldRefuseAValueOfWhichAnyBitIsFlipped() throws Exception {
    byte[] value = store.get("template/base").orElseThrow();

    for (int bit = 0; bit < 8 * value.length; bit++) {
      byte[] flipped = value.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      store.put("template/base", flipped);
      assertRefused(IndexError.DAMAGED);
    }

    store.put("template/base", value);
    assertThat(index.template("base")).isPresent();
  }

  @Test
  void shouldRefuseAFlippedValueAlsoWhenItsChecksumIsMadeRight() throws Exception {
    byte[] value = store.get("template/base").orElseThrow();
    value[30] ^= 1;
    store.put("template/base", Forgery.withRightChecksum(value));

    assertRefused(IndexError.SIGNATURE_INVALID);
  }

  @Test
  void shouldRefuseAFlippedValueAlsoAfterTheRightOneWasBelieved() throws Exception {
    assertThat(index.template("base")).isPresent();
    byte[] value = store.get("template/base").orElseThrow();
    value[30] ^= 1;
    store.put("template/base", Forgery.withRightChecksum(value));

    assertRefused(IndexError.SIGNATURE_INVALID);
  }

  @Test
  void shouldRefuseValuesSignedBySomebodyElse() throws Exception {
    IndexSigner other = new IndexSigner(IndexEntries.pair().getPrivate());
    new SigningWriter(store, other, GENERATION).put(IndexEntries.template("base", "evil-1", 9));

    assertRefused(IndexError.SIGNATURE_INVALID);
  }

  @Test
  void shouldRefuseTheValueOfAnotherKey() throws Exception {
    writer.put(IndexEntries.template("other", "other-1", 5));
    store.put("template/base", store.get("template/other").orElseThrow());
    assertRefused(IndexError.SIGNATURE_INVALID);

    store.put("template/base", store.get("snapshot/base-1").orElseThrow());
    assertRefused(IndexError.SIGNATURE_INVALID);
  }

  @Test
  void shouldRefuseAPointerInAnEntrysPlace() throws Exception {
    MapGeometry geometry = new MapGeometry(4096, 0, 64, 16, 4, 16, 128, 64, 10);
    store.put("template/base", new IndexPointer(GENERATION, geometry).encode(IndexEntries.SIGNER));

    assertRefused(IndexError.SIGNATURE_INVALID);
  }

  @Test
  void shouldRefuseAnOlderValueThanOneItHasSeen() throws Exception {
    byte[] old = store.get("template/base").orElseThrow();
    assertThat(index.template("base")).isPresent();
    writer.put(IndexEntries.template("base", "base-2", 2));
    assertThat(index.template("base").orElseThrow().generation()).isEqualTo(2);

    store.put("template/base", old);

    assertRefused(IndexError.REPLAYED);
  }

  @Test
  void shouldRefuseAValueOfAnotherFilesGeneration() throws Exception {
    new SigningWriter(store, IndexEntries.SIGNER, GENERATION - 1)
        .put(IndexEntries.template("base", "old-1", 1));
    assertRefused(IndexError.REPLAYED);

    new SigningWriter(store, IndexEntries.SIGNER, GENERATION + 1)
        .put(IndexEntries.template("base", "new-1", 1));
    assertRefused(IndexError.REPLAYED);
  }

  @Test
  void shouldRefuseNoise() throws Exception {
    store.put("template/base", new byte[0]);
    assertRefused(IndexError.DAMAGED);
    store.put("template/base", new byte[SignedValue.MAX_BYTES + 1]);
    assertRefused(IndexError.DAMAGED);
    store.put("template/base", new byte[300]);
    assertRefused(IndexError.DAMAGED);
  }

  /** A store that shows a value half written for so many reads. */
  private SignedReader readerOf(AtomicInteger torn, Duration patience) {
    ValueSource source =
        new ValueSource() {
          @Override
          public Optional<byte[]> get(String key) throws IndexException {
            Optional<byte[]> value = store.get(key);
            return torn.getAndDecrement() > 0
                ? value.map(whole -> Arrays.copyOf(whole, whole.length - 1))
                : value;
          }

          @Override
          public Set<String> keys() throws IndexException {
            return store.keys();
          }
        };
    return new SignedReader(source, IndexEntries.VERIFIER, GENERATION, counts, patience);
  }

  @Test
  void shouldWaitForAWriterThatLostItsProcessorInTheMiddleOfAValue() throws Exception {
    SignedReader reader = readerOf(new AtomicInteger(200), Duration.ofMinutes(1));

    assertThat(reader.template("base").orElseThrow().generation()).isEqualTo(1);
    assertThat(counts.rejections()).isZero();
  }

  @Test
  void shouldWaitOnceOnlyForAValueThatStaysDamaged() throws Exception {
    AtomicInteger torn = new AtomicInteger(Integer.MAX_VALUE);
    SignedReader reader = readerOf(torn, Duration.ofMillis(20));
    assertThatThrownBy(() -> reader.template("base")).isInstanceOf(IndexException.class);
    int before = torn.get();

    assertThatThrownBy(() -> reader.template("base")).isInstanceOf(IndexException.class);

    assertThat(torn.get()).isEqualTo(before - 1);
    torn.set(0);
    assertThat(reader.template("base")).isPresent();
  }

  @Test
  void shouldBelieveBytesItHasVerifiedWithoutVerifyingAgain() throws Exception {
    IndexEntry.SnapshotEntry first = index.snapshot("base-1").orElseThrow();

    assertThat(index.snapshot("base-1").orElseThrow()).isSameAs(first);
    assertThat(counts.reads()).isEqualTo(2);
    assertThat(counts.rejections()).isZero();
  }
}
