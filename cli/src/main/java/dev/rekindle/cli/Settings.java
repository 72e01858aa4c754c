package dev.rekindle.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
  static Settings fromEnvironment() {
    String listen = env("REKINDLE_LISTEN", "127.0.0.1:7070");
    int colon = listen.lastIndexOf(':');
    return new Settings(
        Path.of(env("REKINDLE_HOME", ".")).toAbsolutePath().normalize(),
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        Path.of(env("REKINDLE_STATE", defaultState())),
        listen.substring(0, colon),
        Integer.parseInt(listen.substring(colon + 1)));
  }

  private static String defaultState() {
    if ("root".equals(System.getProperty("user.name"))) {
      return "/var/lib/rekindle";
    }
    String base = System.getenv("XDG_STATE_HOME");
    String home = System.getProperty("user.home");
    return (base == null ? home + "/.local/state" : base) + "/rekindle";
  }

  private static String env(String name, String otherwise) {
    String value = System.getenv(name);
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
