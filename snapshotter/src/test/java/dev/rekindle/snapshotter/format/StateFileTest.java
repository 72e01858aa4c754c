package dev.rekindle.snapshotter.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StateFileTest {
  private static final List<Section> SECTIONS =
      List.of(
          new Section("VCPU", 0, true, new byte[] {1, 2, 3}),
          new Section("VCPU", 1, true, new byte[8]),
          new Section("NOTE", 0, false, new byte[0]));

  @Test
  void shouldReadBackSections() throws Exception {
    List<Section> read = StateFile.decode(StateFile.encode(SECTIONS));

    assertThat(read).extracting(Section::label).containsExactly("VCPU[0]", "VCPU[1]", "NOTE[0]");
    assertThat(read).extracting(Section::required).containsExactly(true, true, false);
    assertThat(read.getFirst().payload()).containsExactly(1, 2, 3);
  }

  @Test
  void shouldWriteTheBytesOfTheSpecification() {
    byte[] bytes = StateFile.encode(SECTIONS.subList(0, 1));

    assertThat(Arrays.copyOf(bytes, 24))
        .containsExactly(
            'R', 'K', 'S', 'N', 'A', 'P', '\r', '\n', 1, 0, 0, 0, 1, 0, 0, 0, 56, 0, 0, 0, 0, 0, 0,
            0);
    assertThat(Arrays.copyOfRange(bytes, 32, 56))
        .containsExactly(
            'V', 'C', 'P', 'U', 1, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 0, 0, 0, 0, 0);
  }

  @Test
  void shouldRefuseOtherMagic() {
    assertRefused(SnapshotError.BAD_MAGIC, edited(b -> b.put(0, (byte) 'X')));
  }

  @Test
  void shouldRefuseOtherMajorVersion() {
    assertRefused(SnapshotError.VERSION_UNSUPPORTED, edited(b -> b.putShort(8, (short) 2)));
  }

  @Test
  void shouldAcceptOtherMinorVersion() throws Exception {
    assertThat(StateFile.decode(edited(b -> b.putShort(10, (short) 9)))).hasSize(3);
  }

  @Test
  void shouldRefuseTruncatedFile() {
    byte[] bytes = StateFile.encode(SECTIONS);
    for (int length = 0; length < bytes.length; length++) {
      assertRefused(SnapshotError.TRUNCATED, Arrays.copyOf(bytes, length));
    }
  }

  @Test
  void shouldRefuseBytesAfterTheEnd() {
    byte[] bytes = StateFile.encode(SECTIONS);

    assertRefused(SnapshotError.SIZE_MISMATCH, Arrays.copyOf(bytes, bytes.length + 1));
  }

  @Test
  void shouldRefuseMoreSectionsThanThereMayBe() {
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putInt(12, 1 << 30)));
  }

  @Test
  void shouldRefuseCountOtherThanSectionsThere() {
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putInt(12, 2)));
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putInt(12, 4)));
  }

  @Test
  void shouldRefuseLengthBeyondTheFile() {
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putInt(32 + 8, 0x7FFF_FFFF)));
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putInt(32 + 8, -1)));
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putInt(32 + 8, 1000)));
  }

  @Test
  void shouldRefuseUnknownFlagsReservedBitsAndPadding() {
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putShort(32 + 4, (short) 3)));
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putInt(32 + 12, 1)));
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.put(32 + 16 + 3, (byte) 1)));
  }

  @Test
  void shouldRefuseSameTagAndIndexTwice() {
    assertRefused(SnapshotError.SECTION_INVALID, edited(b -> b.putShort(32 + 24 + 6, (short) 0)));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> StateFile.encode(List.of(SECTIONS.get(0), SECTIONS.get(0))));
  }

  @Test
  void shouldRefuseOrReadButNeverFailOtherwiseWhenFuzzedWithRightChecksums() {
    Random random = new Random(20261123);
    Map<SnapshotError, Integer> seen = new EnumMap<>(SnapshotError.class);
    for (int round = 0; round < 50_000; round++) {
      List<Section> sections = new ArrayList<>();
      for (int i = random.nextInt(4); i >= 0; i--) {
        byte[] payload = new byte[random.nextInt(40)];
        random.nextBytes(payload);
        sections.add(new Section("SEC" + (char) ('A' + i), random.nextInt(3), true, payload));
      }
      byte[] bytes = StateFile.encode(sections);
      for (int i = random.nextInt(4); i >= 0; i--) {
        int at = 8 + random.nextInt(bytes.length - 8);
        bytes[at] = (byte) random.nextInt();
      }
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, random.nextInt(bytes.length + 20));
      }
      if (bytes.length >= 32) {
        seal(bytes);
      }
      try {
        for (Section section : StateFile.decode(bytes)) {
          MemoryChecksums.fromSection(section);
        }
      } catch (SnapshotException e) {
        seen.merge(e.error(), 1, Integer::sum);
      }
    }
    assertThat(seen)
        .containsKeys(
            SnapshotError.TRUNCATED,
            SnapshotError.SECTION_INVALID,
            SnapshotError.VERSION_UNSUPPORTED,
            SnapshotError.SIZE_MISMATCH);
  }

  private static byte[] edited(java.util.function.Consumer<ByteBuffer> edit) {
    byte[] bytes = StateFile.encode(SECTIONS);
    edit.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    seal(bytes);
    return bytes;
  }

  /** Makes the checksums right again, so that what lies behind them is tested. */
  private static void seal(byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    buffer.putInt(24, StateFile.crc(bytes, 32, bytes.length - 32));
    buffer.putInt(28, StateFile.crc(bytes, 0, 28));
  }

  private static void assertRefused(SnapshotError error, byte[] bytes) {
    assertThatThrownBy(() -> StateFile.decode(bytes))
        .isInstanceOfSatisfying(
            SnapshotException.class, e -> assertThat(e.error()).isEqualTo(error));
  }
}
