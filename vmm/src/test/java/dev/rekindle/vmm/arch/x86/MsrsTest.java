package dev.rekindle.vmm.arch.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class MsrsTest {
  private static final int[] ALL =
      IntStream.of(
              0x10,
              0x3B,
              0x6E0,
              0xDA0,
              0x277,
              0xC000_0081,
              0xC000_0103,
              0x48,
              0x11,
              0x12,
              0x4B56_4D00,
              0x4B56_4D01,
              0x4B56_4D02,
              0x4B56_4D03,
              0x4B56_4D04,
              0x4B56_4D05,
              0x4B56_4D06,
              0x4B56_4D07,
              0x4000_0000,
              0xC1,
              0x186,
              0x38D,
              0x480)
          .toArray();

  private final List<Integer> order = Arrays.stream(Msrs.forSnapshot(ALL)).boxed().toList();

  @Test
  void shouldCarryEveryClockAndKvmRegister() {
    assertThat(order)
        .contains(0x10, 0x3B, 0x6E0, 0xDA0, 0x277, 0xC000_0081, 0xC000_0103, 0x48)
        .contains(0x4B56_4D00, 0x4B56_4D01, 0x4B56_4D02, 0x4B56_4D03, 0x4B56_4D04, 0x4B56_4D05)
        .doesNotHaveDuplicates();
  }

  @Test
  void shouldLeaveOutAliasesCountersAndNesting() {
    assertThat(order).doesNotContain(0x11, 0x12, 0x4000_0000, 0xC1, 0x186, 0x38D, 0x480);
  }

  @Test
  void shouldRestoreTimeInTheOrderThatKvmNeeds() {
    assertBefore(0x3B, 0x10);
    assertBefore(0x10, 0x4B56_4D01);
    assertBefore(0x10, 0x6E0);
    assertBefore(0x4B56_4D00, 0x4B56_4D01);
    assertBefore(0x4B56_4D06, 0x4B56_4D02);
    assertThat(order.getLast()).isEqualTo(0x6E0);
  }

  @Test
  void shouldCarryTheMemoryTypesThoughNoKernelListsThem() {
    List<Integer> bare = Arrays.stream(Msrs.forSnapshot(new int[0])).boxed().toList();

    assertThat(bare).contains(0x2FF, 0x200, 0x20F, 0x250, 0x258, 0x259, 0x268, 0x26F, 0x6E0);
    assertThat(bare).doesNotContain(0x10, 0x277);
  }

  @Test
  void shouldTurnOnWriteBackAndFastStringsAtBoot() {
    assertThat(Msrs.atBoot()).containsEntry(0x2FF, 0x806L).containsEntry(0x1A0, 1L);
  }

  @Test
  void shouldKeepATimerThatFiredWithoutBeingTaken() {
    byte[] captured = entries(0x10, 123_456, 0x277, 7, 0x6E0, 0);

    byte[] kept = Msrs.withDeadlineKept(captured);

    assertThat(kept).isEqualTo(entries(0x10, 123_456, 0x277, 7, 0x6E0, 123_456));
    assertThat(captured).as("left alone").isEqualTo(entries(0x10, 123_456, 0x277, 7, 0x6E0, 0));
  }

  @Test
  void shouldLeaveAPendingDeadlineAlone() {
    byte[] captured = entries(0x10, 123_456, 0x6E0, 200_000);

    assertThat(Msrs.withDeadlineKept(captured)).isSameAs(captured);
    assertThat(Msrs.withDeadlineKept(new byte[0])).isEmpty();
    byte[] without = entries(0x10, 1);
    assertThat(Msrs.withDeadlineKept(without)).isSameAs(without);
  }

  private static byte[] entries(long... indexAndValue) {
    ByteBuffer b = ByteBuffer.allocate(indexAndValue.length * 8).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < indexAndValue.length; i += 2) {
      b.putInt((int) indexAndValue[i]).putInt(0).putLong(indexAndValue[i + 1]);
    }
    return b.array();
  }

  private void assertBefore(int first, int second) {
    assertThat(order.indexOf(first)).isNotNegative().isLessThan(order.indexOf(second));
  }
}
