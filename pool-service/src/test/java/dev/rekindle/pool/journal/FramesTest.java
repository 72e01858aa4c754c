package dev.rekindle.pool.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Bytes of a journal, whole and damaged at each of them. */
class FramesTest {
  private static final long SALT = 0x0123_4567_89AB_CDEFL;

  private final List<LeaseRecord> records = new ArrayList<>();

  /** Where each frame begins, and where the last one ends. */
  private final List<Integer> starts = new ArrayList<>();

  private byte[] whole;

  @BeforeEach
  void write() {
    Random random = new Random(1);
    ByteBuffer out = ByteBuffer.allocate(64 << 10).order(ByteOrder.LITTLE_ENDIAN);
    out.put(new JournalHeader(1, SALT, new UUID(3, 4), 5).encode());
    records.add(Records.given(random, "sb-1"));
    records.add(Records.renewed(random, "sb-1"));
    records.add(Records.given(random, "sb-2"));
    records.add(Records.ended(random, "sb-1"));
    records.add(Records.given(random, "sb-3"));
    for (int i = 0; i < records.size(); i++) {
      starts.add(out.position());
      Frames.write(records.get(i), SALT, i, out);
    }
    starts.add(out.position());
    whole = Arrays.copyOf(out.array(), out.position());
  }

  private static Frames.Scan scan(byte[] bytes) {
    return Frames.scan(ByteBuffer.wrap(bytes), SALT);
  }

  /** Index of the frame that has the byte. */
  private int frameOf(int at) {
    int found = Collections.binarySearch(starts, at);
    return found >= 0 ? found : -found - 2;
  }

  @Test
  void shouldReadWhatWasWritten() {
    Frames.Scan scan = scan(whole);

    assertThat(scan.records()).isEqualTo(records);
    assertThat(scan.damage()).isEmpty();
    assertThat(scan.trustedFrom()).isZero();
  }

  @Test
  void shouldKeepEveryWholeRecordOfATruncatedFileWhereverItIsCut() {
    for (int length = JournalHeader.BYTES; length < whole.length; length++) {
      Frames.Scan scan = scan(Arrays.copyOf(whole, length));

      assertThat(scan.records())
          .as("cut at " + length)
          .isEqualTo(records.subList(0, frameOf(length)));
      assertThat(scan.damage()).as("cut at " + length).isEmpty();
    }
  }

  @Test
  void shouldKeepEveryWholeRecordWhereTheRestOfTheFileIsZeros() {
    for (int length = JournalHeader.BYTES; length < whole.length; length++) {
      byte[] torn = Arrays.copyOf(Arrays.copyOf(whole, length), whole.length + 500);

      Frames.Scan scan = scan(torn);

      // What is torn off may have been zeros itself.
      int least = frameOf(length);
      assertThat(scan.records().size()).as("torn at " + length).isBetween(least, least + 1);
      assertThat(scan.records()).isEqualTo(records.subList(0, scan.records().size()));
      assertThat(scan.damage()).isEmpty();
    }
  }

  @Test
  void shouldNoticeEveryFlippedBitAndTrustOnlyWhatComesAfterIt() {
    int last = records.size() - 1;
    for (int at = JournalHeader.BYTES; at < whole.length; at++) {
      for (int bit = 0; bit < Byte.SIZE; bit++) {
        byte[] flipped = whole.clone();
        flipped[at] ^= (byte) (1 << bit);

        Frames.Scan scan = scan(flipped);

        int frame = frameOf(at);
        List<LeaseRecord> left = new ArrayList<>(records);
        left.remove(frame);
        String what = "byte " + at + ", bit " + bit;
        assertThat(scan.records()).as(what).isEqualTo(left);
        if (frame == last) {
          assertThat(scan.damage()).as(what + ", as if torn").isEmpty();
        } else {
          assertThat(scan.damage())
              .as(what)
              .isEqualTo("bytes " + starts.get(frame) + " to " + (starts.get(frame + 1) - 1));
          assertThat(scan.trustedFrom()).as(what).isEqualTo(frame);
        }
      }
    }
  }

  @Test
  void shouldFindRecordsBehindDamageOfSeveral() {
    byte[] holed = whole.clone();
    Arrays.fill(holed, starts.get(1) + 3, starts.get(3) - 3, (byte) 0x55);

    Frames.Scan scan = scan(holed);

    assertThat(scan.records()).containsExactly(records.get(0), records.get(3), records.get(4));
    assertThat(scan.trustedFrom()).isEqualTo(1);
  }

  @Test
  void shouldNotTakeRecordsOfTheFileThatWasThereBefore() {
    ByteBuffer reused =
        ByteBuffer.wrap(Arrays.copyOf(whole, whole.length)).order(ByteOrder.LITTLE_ENDIAN);
    LeaseRecord fresh = Records.renewed(new Random(2), "sb-9");
    reused.position(JournalHeader.BYTES);
    Frames.write(fresh, SALT + 1, 0, reused);

    Frames.Scan scan = Frames.scan(reused, SALT + 1);

    assertThat(scan.records()).containsExactly(fresh);
    assertThat(scan.damage()).isEmpty();
  }

  @Test
  void shouldReadWhateverRandomBytesThereAre() {
    Random random = new Random(3);
    for (int i = 0; i < 2_000; i++) {
      byte[] noise = new byte[random.nextInt(600)];
      random.nextBytes(noise);

      Frames.Scan scan = scan(noise);

      assertThat(scan.records()).isEmpty();
    }
  }

  @Test
  void shouldCutWhatIsLongerThanARecordMayBe() throws FormatException {
    Map<String, Long> stages = new LinkedHashMap<>();
    for (int i = 0; i < 100; i++) {
      stages.put(i + ": a stage with a name as long as none is", (long) i);
    }
    List<Digest> former = new ArrayList<>();
    Random random = new Random(4);
    for (int i = 0; i < 100; i++) {
      former.add(Records.digest(random));
    }
    String many = "ä€𝄞".repeat(1000);
    LeaseRecord.Given given = Records.given(random, many);
    LeaseRecord.Origin origin = new LeaseRecord.Origin(many, many, many, true, 1);
    ByteBuffer out = ByteBuffer.allocate(Frames.MAX_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    Frames.write(
        new LeaseRecord.Given(many, origin, given.terms(), former, given.keyed(), many, stages),
        SALT,
        0,
        out);

    LeaseRecord.Given read =
        (LeaseRecord.Given)
            RecordCodec.decode(
                out.flip().position(Frames.OVERHEAD_BYTES).slice().order(ByteOrder.LITTLE_ENDIAN));
    assertThat(many).startsWith(read.id());
    assertThat(read.id().getBytes(java.nio.charset.StandardCharsets.UTF_8).length)
        .isBetween(RecordCodec.MAX_STRING_BYTES - 3, RecordCodec.MAX_STRING_BYTES);
    assertThat(read.formerTokens()).isEqualTo(former.subList(100 - 16, 100));
    assertThat(read.stagesMicros()).hasSize(RecordCodec.MAX_STAGES);
  }

  @Test
  void shouldRefuseAHeaderWithAnyByteChanged() {
    for (int at = 0; at < JournalHeader.BYTES; at++) {
      byte[] changed = whole.clone();
      changed[at] ^= 0x40;

      assertThatThrownBy(() -> JournalHeader.decode(ByteBuffer.wrap(changed)))
          .as("byte " + at)
          .isInstanceOf(FormatException.class);
    }
    assertThatThrownBy(() -> JournalHeader.decode(ByteBuffer.wrap(whole, 0, 63)))
        .isInstanceOf(FormatException.class);
  }
}
