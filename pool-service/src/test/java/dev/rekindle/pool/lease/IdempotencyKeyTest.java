package dev.rekindle.pool.lease;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdempotencyKeyTest {
  @Test
  void shouldBeTheSameWithQuotesAndWithout() {
    assertThat(IdempotencyKey.of("", "\"a-1\"", "r"))
        .isEqualTo(IdempotencyKey.of("", " a-1 ", "r"));
  }

  @Test
  void shouldTakeEveryPrintableCharacterThatNeedsNoEscape() {
    String all = "!#$%&'()*+,-./0189:;<=>?@AZ[]^_`az{|}~";

    assertThat(IdempotencyKey.of("", all, "r").value()).isEqualTo(all);
    assertThat(IdempotencyKey.of("", "k".repeat(128), "r").value()).hasSize(128);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\"\"", "\"", "a b", "a\"b", "a\\b", "ä", "a\tb", "a\u0000"})
  void shouldRefuseWhatIsNone(String header) {
    assertThatThrownBy(() -> IdempotencyKey.of("", header, "r"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Idempotency-Key must have 1 to 128");
  }

  @Test
  void shouldRefuseMoreThanItsLength() {
    assertThatThrownBy(() -> IdempotencyKey.of("", "k".repeat(129), "r"))
        .hasMessageContaining("got 129 characters");
  }
}
