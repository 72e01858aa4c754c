package dev.rekindle.pool.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceConfigTest {
  @Test
  void shouldTakeArgumentsBeforeTheEnvironmentBeforeDefaults() {
    Map<String, String> environment = Map.of("REKINDLE_LISTEN", "h:1", "REKINDLE_STATE", "/e");

    assertThat(ServiceConfig.parse(Map.of()))
        .isEqualTo(new ServiceConfig("127.0.0.1", 7070, Path.of("/var/lib/rekindle"), 64, 1024, 2));
    assertThat(ServiceConfig.parse(environment, "--max-leases", "3", "--max-queue", "0"))
        .isEqualTo(new ServiceConfig("h", 1, Path.of("/e"), 3, 0, 2));
    assertThat(ServiceConfig.parse(environment, "--listen", "[::1]:2", "--state", "/a/../b"))
        .isEqualTo(new ServiceConfig("[::1]", 2, Path.of("/b"), 64, 1024, 2));
  }

  @ParameterizedTest
  @CsvSource({
    "--listen, 7070, listen must be HOST:PORT",
    "--listen, h:x, --listen must be a number",
    "--listen, h:65536, 'port must be in [0, 65535], got 65536'",
    "--max-leases, 0, 'max-leases must be in [1, 10000], got 0'",
    "--max-leases, many, --max-leases must be a number",
    "--max-queue, -1, 'max-queue must be in [0, 100000], got -1'",
    "--shells, 65, 'shells must be in [0, 64], got 65'",
    "--color, red, unknown argument --color"
  })
  void shouldNameWhatIsWrong(String name, String value, String message) {
    assertThatThrownBy(() -> ServiceConfig.parse(Map.of(), name, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @Test
  void shouldWantAValueForEachArgument() {
    assertThatThrownBy(() -> ServiceConfig.parse(Map.of(), "--listen"))
        .hasMessageContaining("--listen needs a value");
  }
}
