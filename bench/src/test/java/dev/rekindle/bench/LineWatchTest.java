package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineWatchTest {
  /** The offsets at which it said that the line has ended. */
  private static List<Integer> hits(LineWatch watch, String text) {
    List<Integer> hits = new ArrayList<>();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      if (watch.accept(Byte.toUnsignedInt(bytes[i]))) {
        hits.add(i);
      }
    }
    return hits;
  }

  @Test
  void shouldTellTheEndOfTheFirstSuchLineOnly() {
    LineWatch watch = new LineWatch("init runs");

    assertThat(hits(watch, "boot\r\ninit runs")).isEmpty();
    assertThat(watch.found()).isFalse();
    assertThat(hits(watch, "\r\ninit runs\n")).containsExactly(1);
    assertThat(watch.found()).isTrue();
  }

  @Test
  void shouldNotTakeALineThatOnlyHoldsIt() {
    LineWatch watch = new LineWatch("init runs");

    assertThat(hits(watch, "sh: init runs\ninit runs not\n")).isEmpty();
    assertThat(watch.found()).isFalse();
  }

  @Test
  void shouldKeepTheLastLines() {
    LineWatch watch = new LineWatch("x");

    hits(watch, "a line of ten bytes or so\n".repeat(1000) + "the\nlast");

    assertThat(watch.tail()).hasSizeLessThan(5000).endsWith("bytes or so\nthe\nlast");
  }
}
