package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class BenchArgumentsTest {
  private static BenchArguments of(String... arguments) {
    return new BenchArguments(Set.of("--json"), Set.of("--runs", "--kernel"), List.of(arguments));
  }

  @Test
  void shouldTellFlagsOptionsAndWhatIsAbsent() {
    BenchArguments given = of("--kernel", "--json", "--runs", "7");

    assertThat(given.text("--kernel")).contains("--json");
    assertThat(given.flag("--json")).isFalse();
    assertThat(given.number("--runs", 3)).isEqualTo(7);
    assertThat(of("--json").flag("--json")).isTrue();
    assertThat(of().number("--runs", 3)).isEqualTo(3);
    assertThat(of().text("--kernel")).isEmpty();
  }

  @Test
  void shouldNameWhatItRefuses() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> of("--run", "7"))
        .withMessageContaining("--run");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> of("--runs"))
        .withMessage("--runs wants a value");
    for (String value : List.of("0", "-1", "x", "", "1234567890")) {
      BenchArguments given = of("--runs", value);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> given.number("--runs", 1))
          .withMessageContaining("got " + value);
    }
  }
}
