package dev.rekindle.pool.sizing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class DemandTest {
  private static final long SECOND = 1_000_000_000L;

  private final Demand demand = new Demand();

  @Test
  void shouldKnowNothingAtFirst() {
    assertThat(demand.perSecond(0)).isZero();
    assertThat(demand.burst(0, SECOND)).isZero();
    assertThat(demand.p99Micros("parked")).isZero();
    assertThat(demand.counts()).isEmpty();
  }

  @Test
  void shouldCountPerSecondSinceTheFirst() {
    for (int i = 0; i < 100; i++) {
      demand.arrived(i * SECOND / 10);
    }

    assertThat(demand.perSecond(10 * SECOND)).isCloseTo(10, within(0.1));
  }

  @Test
  void shouldForgetWhatIsLongerAgoThanTheWindow() {
    demand.arrived(0);
    demand.arrived(SECOND);

    assertThat(demand.perSecond((Demand.WINDOW_SECONDS + 10) * SECOND)).isZero();
    assertThat(demand.burst((Demand.WINDOW_SECONDS + 10) * SECOND, SECOND)).isZero();
  }

  @Test
  void shouldFindTheLargestBurstWhereverItLies() {
    for (long at : new long[] {0, 10, 11, 12, 13, 30, 31}) {
      demand.arrived(at * SECOND);
    }

    assertThat(demand.burst(40 * SECOND, 3 * SECOND)).isEqualTo(4);
    assertThat(demand.burst(40 * SECOND, SECOND)).isEqualTo(2);
  }

  @Test
  void shouldTakeThePercentileOfTheLastOnes() {
    for (int i = 1; i <= 600; i++) {
      demand.served("parked", i <= 88 ? 1_000_000 : i);
    }

    assertThat(demand.p99Micros("parked")).isEqualTo(595);
    assertThat(demand.counts()).containsEntry("parked", 600L);
  }
}
