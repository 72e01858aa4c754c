package dev.rekindle.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  private static Settings user(Map<String, String> environment) {
    return Settings.from(environment, "ada", "/home/ada");
  }

  @Test
  void shouldHaveDefaults() {
    Settings settings = user(Map.of("REKINDLE_LISTEN", "", "REKINDLE_STATE", ""));

    assertThat(settings.host()).isEqualTo("127.0.0.1");
    assertThat(settings.port()).isEqualTo(7070);
    assertThat(settings.state()).isEqualTo(Path.of("/home/ada/.local/state/rekindle"));
    assertThat(settings.home()).isAbsolute();
  }

  @Test
  void shouldKeepRootsStateWithTheSystems() {
    Settings settings = Settings.from(Map.of("XDG_STATE_HOME", "/x"), "root", "/root");

    assertThat(settings.state()).isEqualTo(Path.of("/var/lib/rekindle"));
  }

  @Test
  void shouldTakeTheEnvironmentsWord() {
    assertThat(user(Map.of("XDG_STATE_HOME", "/x")).state()).isEqualTo(Path.of("/x/rekindle"));
    assertThat(user(Map.of("REKINDLE_STATE", "/y", "XDG_STATE_HOME", "/x")).state())
        .isEqualTo(Path.of("/y"));
    assertThat(Settings.from(Map.of("REKINDLE_STATE", "/y"), "root", "/root").state())
        .isEqualTo(Path.of("/y"));
    assertThat(user(Map.of("REKINDLE_LISTEN", "[::1]:17")).host()).isEqualTo("[::1]");
    assertThat(user(Map.of("REKINDLE_LISTEN", "[::1]:17")).port()).isEqualTo(17);
  }

  @Test
  void shouldMakeARelativeStateAbsolute() {
    assertThat(user(Map.of("REKINDLE_STATE", "state")).state()).isAbsolute();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"7070", ":7070", "host:", "host:x", "host:-1", "host:65536", "host:999999"})
  void shouldRefuseAnAddressThatIsNone(String listen) {
    assertThatThrownBy(() -> user(Map.of("REKINDLE_LISTEN", listen)))
        .isInstanceOfSatisfying(
            CliException.class, e -> assertThat(e.exitCode()).isEqualTo(ExitCodes.USAGE))
        .hasMessageContaining("REKINDLE_LISTEN must be HOST:PORT, got '" + listen + "'");
  }
}
