package dev.rekindle.pool.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.pool.fleet.FleetLimits;
import dev.rekindle.pool.jail.HostLimits;
import dev.rekindle.pool.jail.JailMode;
import dev.rekindle.pool.jail.JailSettings;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ServiceConfigTest {
  private static ServiceConfig config(String host, int port, String state, int leases, int queue) {
    Path dir = Path.of(state);
    return new ServiceConfig(
        host,
        port,
        dir,
        leases,
        queue,
        FleetLimits.DEFAULT,
        JailSettings.DEFAULT,
        AccessConfig.of(dir));
  }

  @Test
  void shouldTakeArgumentsBeforeTheEnvironmentBeforeDefaults() {
    Map<String, String> environment = Map.of("REKINDLE_LISTEN", "h:1", "REKINDLE_STATE", "/e");

    assertThat(ServiceConfig.parse(Map.of()))
        .isEqualTo(config("127.0.0.1", 7070, "/var/lib/rekindle", 64, 1024));
    assertThat(ServiceConfig.parse(environment, "--max-leases", "3", "--max-queue", "0"))
        .isEqualTo(config("h", 1, "/e", 3, 0));
    assertThat(ServiceConfig.parse(environment, "--listen", "[::1]:2", "--state", "/a/../b"))
        .isEqualTo(config("[::1]", 2, "/b", 64, 1024));
  }

  @Test
  void shouldTakeTheLimitsOfHostProcesses() {
    String[] args = {
      "--vms-per-host",
      "1",
      "--max-hosts",
      "9",
      "--spare-hosts",
      "0",
      "--host-idle-seconds",
      "7",
      "--shells",
      "3"
    };

    assertThat(ServiceConfig.parse(Map.of(), args).hosts())
        .isEqualTo(new FleetLimits(1, 9, 0, 7, 3));
  }

  @Test
  void shouldTakeTheJail() {
    String[] args = {
      "--jail", "always", "--jail-seccomp", "log", "--jail-first-uid", "70000",
      "--host-cpu-percent", "150", "--host-cpu-weight", "20", "--host-memory-mib", "512",
      "--host-io-mib", "40", "--host-tasks", "300"
    };

    assertThat(ServiceConfig.parse(Map.of(), args).jail())
        .isEqualTo(
            new JailSettings(
                JailMode.ALWAYS, "log", 70_000, new HostLimits(150, 20, 512, 40, 300)));
  }

  @ParameterizedTest
  @CsvSource({
    "--jail, perhaps, 'jail must be auto, always or never, got perhaps'",
    "--jail-seccomp, trap, 'seccomp must be kill, log or off, got trap'",
    "--host-tasks, 1, 'host-tasks must be in [64, 65536], got 1'",
    "--listen, 7070, listen must be HOST:PORT",
    "--listen, h:x, --listen must be a number",
    "--listen, h:65536, 'port must be in [0, 65535], got 65536'",
    "--max-leases, 0, 'max-leases must be in [1, 10000], got 0'",
    "--max-leases, many, --max-leases must be a number",
    "--max-queue, -1, 'max-queue must be in [0, 100000], got -1'",
    "--shells, 65, 'shells must be in [0, 64], got 65'",
    "--require-keys, maybe, '--require-keys must be true or false, got maybe'",
    "--tls-cert, /c.pem, tls-cert and tls-key must be given together",
    "--tls-key, /k.pem, tls-cert and tls-key must be given together",
    "--vms-per-host, 0, 'vms-per-host must be in [1, 1024], got 0'",
    "--max-hosts, 257, 'max-hosts must be in [1, 256], got 257'",
    "--spare-hosts, -1, 'spare-hosts must be in [0, 16], got -1'",
    "--host-idle-seconds, 0, 'host-idle-seconds must be in [1, 86400], got 0'",
    "--color, red, unknown argument --color"
  })
  void shouldNameWhatIsWrong(String name, String value, String message) {
    assertThatThrownBy(() -> ServiceConfig.parse(Map.of(), name, value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(message);
  }

  @ParameterizedTest
  @CsvSource({
    "127.0.0.1:1, false",
    "127.8.8.8:1, false",
    "localhost:1, false",
    "[::1]:1, false",
    "0.0.0.0:1, true",
    "[::]:1, true",
    "192.0.2.1:1, true",
    "no.such.host.invalid:1, true"
  })
  void shouldRequireKeysWhereOthersCanConnect(String listen, boolean required) {
    assertThat(ServiceConfig.parse(Map.of(), "--listen", listen).keysRequired())
        .isEqualTo(required);
    assertThat(
            ServiceConfig.parse(Map.of(), "--listen", listen, "--require-keys", "true")
                .keysRequired())
        .isTrue();
  }

  @Test
  void shouldTakeCertificateAndKeyFromTheEnvironmentToo() {
    Map<String, String> environment =
        Map.of("REKINDLE_TLS_CERT", "/c.pem", "REKINDLE_TLS_KEY", "/k.pem");

    assertThat(ServiceConfig.parse(environment).access().tls())
        .contains(new AccessConfig.Tls(Path.of("/c.pem"), Path.of("/k.pem")));
  }

  @Test
  void shouldWantAValueForEachArgument() {
    assertThatThrownBy(() -> ServiceConfig.parse(Map.of(), "--listen"))
        .hasMessageContaining("--listen needs a value");
  }
}
