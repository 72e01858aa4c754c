package dev.rekindle.snapshotter.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostOptionsTest {
  @Test
  void shouldFillInDefaults() {
    HostOptions options = HostOptions.parse("--socket", "/s", "--state", "/d");

    assertThat(options).isEqualTo(new HostOptions(Path.of("/s"), Path.of("/d"), 2, 30));
  }

  @Test
  void shouldTakeAll() {
    HostOptions options =
        HostOptions.parse(
            "--agent-timeout", "5", "--shells", "0", "--socket", "/s", "--state", "/d");

    assertThat(options).isEqualTo(new HostOptions(Path.of("/s"), Path.of("/d"), 0, 5));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "--socket /s",
        "--socket /s --state",
        "--socket /s --state /d --shells -1",
        "--socket /s --state /d --shells x",
        "--socket /s --state /d --color 1",
      })
  void shouldRefuseTheRest(String line) {
    assertThatIllegalArgumentException().isThrownBy(() -> HostOptions.parse(line.split(" ")));
  }
}
