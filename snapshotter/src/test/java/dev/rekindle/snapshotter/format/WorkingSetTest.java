package dev.rekindle.snapshotter.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.vmm.memory.PageRuns;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class WorkingSetTest {
  private static final int STATE_CRC = 0x89ABCDEF;
  private static final long MEMORY = 100 * 4096;
  private static final WorkingSet SET =
      new WorkingSet(STATE_CRC, PageRuns.of(0, 16, 40, 41, 99, 100), PageRuns.of(20, 22));

  @Test
  void shouldReadBack() throws Exception {
    assertThat(WorkingSet.decode(SET.encode(), STATE_CRC, MEMORY)).isEqualTo(SET);
    WorkingSet empty = new WorkingSet(STATE_CRC, PageRuns.NONE, PageRuns.NONE);
    assertThat(WorkingSet.decode(empty.encode(), STATE_CRC, MEMORY)).isEqualTo(empty);
  }

  @Test
  void shouldRefuseOneOfAnotherSnapshot() {
    assertRefused(SET.encode(), STATE_CRC + 1, MEMORY, SnapshotError.CHECKSUM_MISMATCH);
  }

  @Test
  void shouldRefusePagesBehindTheMemory() {
    assertRefused(SET.encode(), STATE_CRC, MEMORY - 4096, SnapshotError.SECTION_INVALID);
  }

  @Test
  void shouldRefuseEveryFlippedBitAndEveryTruncation() {
    byte[] bytes = SET.encode();
    for (int i = 0; i < bytes.length * 8; i++) {
      byte[] damaged = bytes.clone();
      damaged[i / 8] ^= (byte) (1 << i % 8);
      assertThatThrownBy(() -> WorkingSet.decode(damaged, STATE_CRC, MEMORY))
          .as("bit %d", i)
          .isInstanceOf(SnapshotException.class);
    }
    for (int length = 0; length < bytes.length; length++) {
      byte[] cut = Arrays.copyOf(bytes, length);
      assertRefused(cut, STATE_CRC, MEMORY, SnapshotError.TRUNCATED);
    }
  }

  @Test
  void shouldRefuseRunsThatCannotBe() {
    for (int[] runs :
        new int[][] {
          {0, 0}, {5, 1, 0, 1}, {-1, 1}, {0, -1}, {0, 101}, {1},
        }) {
      PayloadWriter out = new PayloadWriter().u32(STATE_CRC).u32((runs.length + 1) / 2);
      for (int word : runs) {
        out.u32(word);
      }
      Section section = new Section("WSET", 0, true, out.u32(0).toBytes());

      byte[] bytes = StateFile.encode(List.of(section));

      assertRefused(bytes, STATE_CRC, MEMORY, SnapshotError.SECTION_INVALID);
    }
  }

  @Test
  void shouldSkipWhatItMaySkipAndRefuseWhatItMayNot() throws Exception {
    byte[] payload = StateFile.decode(SET.encode()).getFirst().payload();
    Section own = new Section("WSET", 0, true, payload);

    byte[] later = StateFile.encode(List.of(own, new Section("HOTP", 0, false, new byte[3])));
    assertThat(WorkingSet.decode(later, STATE_CRC, MEMORY)).isEqualTo(SET);

    byte[] other = StateFile.encode(List.of(own, new Section("HOTP", 0, true, new byte[3])));
    assertRefused(other, STATE_CRC, MEMORY, SnapshotError.SECTION_INVALID);
    assertRefused(StateFile.encode(List.of()), STATE_CRC, MEMORY, SnapshotError.SECTION_INVALID);
  }

  private static void assertRefused(byte[] bytes, int crc, long memory, SnapshotError error) {
    assertThatThrownBy(() -> WorkingSet.decode(bytes, crc, memory))
        .isInstanceOfSatisfying(
            SnapshotException.class, e -> assertThat(e.error()).isEqualTo(error));
  }
}
