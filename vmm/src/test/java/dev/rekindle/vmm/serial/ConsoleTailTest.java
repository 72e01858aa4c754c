package dev.rekindle.vmm.serial;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConsoleTailTest {
  private final ConsoleTail console = new ConsoleTail();

  @Test
  void shouldTellAFollowerEveryByteUntilCleared() {
    List<Integer> followed = new ArrayList<>();
    console.append((byte) 'a');

    console.follow(followed::add);
    console.append((byte) 'b');
    console.append((byte) 0xFF);
    console.clear();
    console.append((byte) 'c');

    assertThat(followed).containsExactly((int) 'b', 0xFF);
    assertThat(console.text()).isEqualTo("c");
  }

  @Test
  void shouldKeepTheNewestBytes() {
    for (int i = 0; i < ConsoleTail.CAPACITY + 3; i++) {
      console.append((byte) ('a' + i % 26));
    }

    assertThat(console.totalBytes()).isEqualTo(ConsoleTail.CAPACITY + 3);
    assertThat(console.text()).hasSize(ConsoleTail.CAPACITY).startsWith("defg");
    assertThat(console.text(2))
        .isEqualTo(
            ""
                + (char) ('a' + (ConsoleTail.CAPACITY + 1) % 26)
                + (char) ('a' + (ConsoleTail.CAPACITY + 2) % 26));
  }
}
