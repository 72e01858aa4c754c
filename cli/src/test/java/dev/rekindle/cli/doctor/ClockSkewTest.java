package dev.rekindle.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClockSkewTest {
  private static final long S = 1_000_000_000L;
  private static final long NOW = 1_700_000_000L * S;

  @ParameterizedTest
  @CsvSource({
    "1700000000.500000000, 0, 1000000000",
    "1700000000.000000000, 0, 1000000000",
    "1700000001.000000000, 0, 1000000000",
    "1700000003.500000000, 2500000000, 1000000000",
    "1699999998.000000000, -2000000000, 1000000000",
    "1700000001, 0, 1999999999",
    "1700000009.%N, 8000000000, 1999999999",
    "1699999998, -1000000001, 1999999999"
  })
  void shouldCountOnlyWhatLiesOutsideOfTheAsking(String answer, long nanos, long asking) {
    ClockSkew skew = ClockSkew.of(answer + "\n", NOW, NOW + S);

    assertThat(skew).isEqualTo(new ClockSkew(true, nanos, asking));
  }

  @ParameterizedTest
  @CsvSource({"''", "never", "-5.000000000", "99999999999.000000000", ".5"})
  void shouldKnowNothingOfWhatIsNoTime(String answer) {
    assertThat(ClockSkew.of(answer, NOW, NOW + S)).isEqualTo(ClockSkew.UNKNOWN);
  }

  @Test
  void shouldPreferTheQuickerAnswer() {
    ClockSkew quick = new ClockSkew(true, 7, 10);
    ClockSkew slow = new ClockSkew(true, 0, 1_000);

    assertThat(slow.better(quick)).isEqualTo(quick);
    assertThat(quick.better(slow)).isEqualTo(quick);
    assertThat(ClockSkew.UNKNOWN.better(slow)).isEqualTo(slow);
  }
}
