package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class TimesTest {
  @Test
  void shouldTakeTheNearestRankWhateverTheOrder() {
    long[] nanos = LongStream.rangeClosed(1, 200).map(i -> (201 - i) * 1_000_000).toArray();

    Times times = new Times(nanos);

    assertThat(times.count()).isEqualTo(200);
    assertThat(times.millis(50)).isEqualTo(100);
    assertThat(times.millis(99)).isEqualTo(198);
    assertThat(times.millis(100)).isEqualTo(200);
    assertThat(times.minMillis()).isEqualTo(1);
    assertThat(nanos[0]).isEqualTo(200_000_000);
  }

  @Test
  void shouldTakeTheLowerOfTwoMiddlesAndTheLargestAsTheTail() {
    Times times = new Times(4_000_000, 1_000_000, 3_000_000, 2_000_000);

    assertThat(times.millis(50)).isEqualTo(2);
    assertThat(times.millis(99)).isEqualTo(4);
  }

  @Test
  void shouldRefuseWhatHasNoPercentile() {
    assertThatIllegalArgumentException().isThrownBy(Times::new);
    Times one = new Times(1);
    assertThatIllegalArgumentException().isThrownBy(() -> one.millis(0));
    assertThatIllegalArgumentException().isThrownBy(() -> one.millis(100.1));
    assertThatIllegalArgumentException().isThrownBy(() -> one.millis(Double.NaN));
  }
}
