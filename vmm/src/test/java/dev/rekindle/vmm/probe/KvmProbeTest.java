package dev.rekindle.vmm.probe;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class KvmProbeTest {
  private static final KvmProbe NONE = new KvmProbe(false, 0, "no /dev/kvm");

  private static KvmProbe at(long instructionsPerSecond) {
    return new KvmProbe(true, instructionsPerSecond, null);
  }

  @Test
  void shouldAskAgainWhenAGuestWasSlow() {
    Deque<KvmProbe> attempts =
        new ArrayDeque<>(List.of(at(2_000_000), at(1_000_000), at(900_000_000)));

    KvmProbe found = KvmProbe.best(attempts::remove);

    assertThat(found.runsLinux()).isTrue();
    assertThat(attempts).isEmpty();
  }

  @Test
  void shouldKeepTheBestOfThreeWhenAllWereSlow() {
    Deque<KvmProbe> attempts =
        new ArrayDeque<>(List.of(at(2_000_000), at(3_000_000), at(1_000_000), at(900_000_000)));

    assertThat(KvmProbe.best(attempts::remove)).isEqualTo(at(3_000_000));
  }

  @Test
  void shouldBeDoneWhenAGuestWasFastOrNoneRan() {
    assertThat(KvmProbe.best(new ArrayDeque<>(List.of(at(900_000_000)))::remove).runsLinux())
        .isTrue();
    assertThat(KvmProbe.best(new ArrayDeque<>(List.of(NONE))::remove)).isEqualTo(NONE);
  }
}
