package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SamplesTest {
  @Test
  void shouldTakeTheNearestRankWhateverTheOrder() {
    long[] nanos = LongStream.rangeClosed(1, 200).map(i -> (201 - i) * 1000).toArray();

    Samples samples = Samples.ofNanos(nanos, 1);

    assertThat(samples.percentile(0)).isEqualTo(1);
    assertThat(samples.percentile(50)).isEqualTo(100);
    assertThat(samples.percentile(99)).isEqualTo(198);
    assertThat(samples.percentile(100)).isEqualTo(200);
    assertThat(nanos[0]).isEqualTo(200_000);
  }

  @Test
  void shouldTakeTheLowerOfTwoMiddlesAndTheLargestAsTheTail() {
    Samples samples = new Samples(new double[] {4, 1, 3, 2}, 1);

    assertThat(samples.percentile(50)).isEqualTo(2);
    assertThat(samples.percentile(99)).isEqualTo(4);
  }

  @Test
  void shouldPutAllRunsTogether() {
    Samples both =
        new Samples(new double[] {5, 1}, 10).and(new Samples(new double[] {3, 2, 4}, 20));

    assertThat(both.micros()).containsExactly(1, 2, 3, 4, 5);
    assertThat(both.perSecond()).isEqualTo(15);
  }
}
