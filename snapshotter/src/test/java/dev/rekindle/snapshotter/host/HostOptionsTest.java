package dev.rekindle.snapshotter.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.rekindle.vmm.seccomp.SeccompMode;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HostOptionsTest {
  @Test
  void shouldFillInDefaults() {
    HostOptions options = HostOptions.parse("--socket", "/s", "--state", "/d");

    assertThat(options)
        .isEqualTo(
            new HostOptions(Path.of("/s"), Path.of("/d"), 2, 30, 60, null, SeccompMode.KILL));
  }

  @Test
  void shouldTakeAll() {
    HostOptions options =
        HostOptions.parse(
            "--agent-timeout",
            "5",
            "--index-key",
            "MCow",
            "--shells",
            "0",
            "--socket",
            "/s",
            "--state",
            "/d",
            "--seccomp",
            "log");

    assertThat(options)
        .isEqualTo(
            new HostOptions(Path.of("/s"), Path.of("/d"), 0, 5, 60, "MCow", SeccompMode.LOG));
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
        "--socket /s --state /d --seccomp maybe",
      })
  void shouldRefuseTheRest(String line) {
    assertThatIllegalArgumentException().isThrownBy(() -> HostOptions.parse(line.split(" ")));
  }
}
