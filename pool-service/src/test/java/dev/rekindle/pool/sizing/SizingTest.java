package dev.rekindle.pool.sizing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.pool.sizing.PoolSpec.Range;
import dev.rekindle.pool.sizing.PoolSpec.Target;
import dev.rekindle.pool.sizing.Sizing.Decision;
import dev.rekindle.pool.sizing.Sizing.Evidence;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SizingTest {
  private static final Evidence QUIET = new Evidence(0, 0, 0, 0, 0, 0);

  private static PoolSpec spec(int min, int max, Target target) {
    return new PoolSpec(new Range(min, max), new Range(0, 64), 0, 0, null, null, target);
  }

  private static PoolSpec misses(double rate) {
    return spec(0, 64, new Target(rate, null));
  }

  private static Decision decide(PoolSpec spec, Evidence evidence) {
    return Sizing.decide(spec, evidence, 128, 1);
  }

  @Test
  void shouldKeepTheMinimumWhenThereIsNoTarget() {
    assertThat(decide(spec(3, 9, null), new Evidence(50, 9, 0.1, 0, 0, 0)).parked()).isEqualTo(3);
  }

  @Test
  void shouldKeepTheMinimumWhenNobodyAsks() {
    assertThat(decide(spec(2, 9, new Target(0.01, null)), QUIET).parked()).isEqualTo(2);
  }

  @Test
  void shouldKeepTheSmallestCountThatMissesSeldomEnough() {
    // Utilisation 0.5: 0.5^7 is the first below 0.01.
    Evidence evidence = new Evidence(5, 1, 0.1, 0, 0, 0);

    assertThat(decide(misses(0.01), evidence).parked()).isEqualTo(7);
    assertThat(decide(misses(0.5), evidence).parked()).isEqualTo(1);
  }

  @Test
  void shouldKeepTheLargestBurstWhenItIsMore() {
    assertThat(decide(misses(0.01), new Evidence(0.1, 12, 0.1, 0, 0, 0)).parked()).isEqualTo(12);
  }

  @Test
  void shouldKeepTheMaximumWhenMakingDoesNotKeepUp() {
    Decision decision = decide(misses(0.01), new Evidence(20, 4, 0.1, 0, 0, 0));

    assertThat(decision.parked()).isEqualTo(64);
    assertThat(decision.reasons()).anyMatch(r -> r.contains("does not keep up"));
  }

  @Test
  void shouldParkNothingWhenShellsAreFastEnough() {
    PoolSpec spec = spec(0, 64, new Target(null, 5_000L));

    assertThat(decide(spec, new Evidence(5, 3, 0.1, 300, 4_000, 0)).parked()).isZero();
    assertThat(decide(spec, new Evidence(5, 3, 0.1, 300, 6_000, 0)).parked()).isEqualTo(7);
  }

  @Test
  void shouldSayWhenATargetIsOutOfReach() {
    PoolSpec spec = spec(0, 64, new Target(null, 100L));

    assertThat(decide(spec, new Evidence(5, 3, 0.1, 300, 4_000, 0)).reasons())
        .anyMatch(r -> r.contains("out of reach"));
  }

  @Test
  void shouldKeepShellsForTheBurstThatIsNotParked() {
    assertThat(decide(spec(2, 2, null), new Evidence(5, 10, 0.1, 0, 0, 0)).shells()).isEqualTo(8);
  }

  @Test
  void shouldStayWithinBudgetsWhateverIsLeased() {
    PoolSpec spec = new PoolSpec(new Range(8, 8), null, 1024, 0, null, null, null);

    assertThat(decide(spec, new Evidence(0, 0, 0, 0, 0, 3)).parked()).isEqualTo(5);
    assertThat(decide(spec, new Evidence(0, 0, 0, 0, 0, 99)).parked()).isZero();
  }

  @Test
  void shouldNeverExceedTheMaximaWhateverWasSeen() {
    Random random = new Random(7);
    for (int i = 0; i < 10_000; i++) {
      int min = random.nextInt(20);
      int max = min + random.nextInt(20);
      Target target =
          random.nextBoolean()
              ? new Target(random.nextDouble(0.000001, 1), null)
              : new Target(null, random.nextLong(1, 1_000_000));
      Evidence evidence =
          new Evidence(
              random.nextDouble(1000),
              random.nextInt(5000),
              random.nextDouble(10),
              random.nextLong(100_000),
              random.nextLong(100_000),
              random.nextInt(50));

      Decision decision =
          decide(
              new PoolSpec(new Range(min, max), new Range(min, max), 0, 0, null, List.of(), target),
              evidence);

      assertThat(decision.parked()).as("%s %s", target, evidence).isBetween(min, max);
      assertThat(decision.shells()).isBetween(min, max);
    }
  }
}
