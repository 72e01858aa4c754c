package dev.rekindle.pool.jail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JailSettingsTest {
  @ParameterizedTest
  @CsvSource({
    "-1, 50, 0, 0, 4096, host-cpu-percent",
    "0, 0, 0, 0, 4096, host-cpu-weight",
    "0, 50, -1, 0, 4096, host-memory-mib",
    "0, 50, 0, -1, 4096, host-io-mib",
    "0, 50, 0, 0, 63, host-tasks",
  })
  void shouldNameTheLimitItRefuses(
      int cpu, int weight, int memory, int io, int tasks, String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new HostLimits(cpu, weight, memory, io, tasks))
        .withMessageStartingWith(name);
  }

  @Test
  void shouldTakeFourFifthsOfTheMachineUnlessToldHowMuch() {
    assertThat(HostLimits.DEFAULT.memoryBytes(10_000)).isEqualTo(8_000);
    assertThat(new HostLimits(0, 50, 3, 0, 64).memoryBytes(10_000)).isEqualTo(3 << 20);
  }

  @Test
  void shouldRefuseUsersThatBelongToTheSystem() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new JailSettings(JailMode.AUTO, "kill", 999, HostLimits.DEFAULT))
        .withMessageStartingWith("first-uid");
  }

  @Test
  void shouldRefuseWordsItDoesNotKnow() {
    assertThatIllegalArgumentException().isThrownBy(() -> JailMode.parse("perhaps"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new JailSettings(JailMode.AUTO, "trap", 64_000, HostLimits.DEFAULT));
  }
}
