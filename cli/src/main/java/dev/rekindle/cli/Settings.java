package dev.rekindle.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Where things are; the launcher passes it by the environment.
 *
 * @param home the checkout
 * @param java the JDK's {@code java}
 * @param state the service's state directory
 * @param host of the service
 * @param port of the service
 */
record Settings(Path home, String java, Path state, String host, int port) {
  private static final int MAX_PORT = 65_535;

  /**
   * @param environment of the process; an empty variable counts as none
   * @param user whose
   * @param userHome the user's
   * @throws CliException if a variable is wrong
   */
  static Settings from(Map<String, String> environment, String user, String userHome) {
    String listen = value(environment, "REKINDLE_LISTEN", "127.0.0.1:7070");
    int colon = listen.lastIndexOf(':');
    String port = listen.substring(colon + 1);
    if (colon < 1 || !port.matches("[0-9]{1,5}") || Integer.parseInt(port) > MAX_PORT) {
      throw new CliException(
          ExitCodes.USAGE, "REKINDLE_LISTEN must be HOST:PORT, got '" + listen + "'");
    }
    return new Settings(
        Path.of(value(environment, "REKINDLE_HOME", ".")).toAbsolutePath().normalize(),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        state(environment, user, userHome).toAbsolutePath().normalize(),
        listen.substring(0, colon),
        Integer.parseInt(port));
  }

  private static Path state(Map<String, String> environment, String user, String userHome) {
    if ("root".equals(user)) {
      return Path.of(value(environment, "REKINDLE_STATE", "/var/lib/rekindle"));
    }
    String base = value(environment, "XDG_STATE_HOME", userHome + "/.local/state");
    return Path.of(value(environment, "REKINDLE_STATE", base + "/rekindle"));
  }

  private static String value(Map<String, String> environment, String name, String otherwise) {
    String value = environment.get(name);
    return value == null || value.isEmpty() ? otherwise : value;
  }

  ApiClient client() {
    return new ApiClient(host, port);
  }

  /** The service's class path: its own jar and what it depends on, always in the same order. */
  String serviceClassPath() {
    Path target = home.resolve("pool-service/target");
    try (var jars = Files.list(target.resolve("app"))) {
      return target.resolve("pool-service-0.1.0-SNAPSHOT.jar")
          + jars.map(Path::toString).sorted().map(jar -> ":" + jar).collect(Collectors.joining());
    } catch (IOException e) {
      throw new CliException(
          ExitCodes.USAGE,
          "the service is not built (" + e.getMessage() + "); run ./rekindle build");
    }
  }
}
