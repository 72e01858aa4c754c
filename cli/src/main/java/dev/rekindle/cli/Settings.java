package dev.rekindle.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Where things are; the launcher passes it by the environment.
 *
 * @param home the checkout
 * @param java the JDK's {@code java}
 * @param state the service's state directory
 * @param host of the service
 * @param port of the service
 * @param key for the service, if one was given
 * @param tls whether the service speaks TLS, and by what
 */
record Settings(
    Path home,
    String java,
    Path state,
    String host,
    int port,
    Optional<String> key,
    Optional<TlsFiles> tls) {
  /**
   * In PEM.
   *
   * @param certificate the service's, or of who signed it
   * @param key the service's; who only calls it has none
   */
  record TlsFiles(Path certificate, Optional<Path> key) {}

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
        Integer.parseInt(port),
        given(environment, "REKINDLE_KEY"),
        given(environment, "REKINDLE_TLS_CERT")
            .map(certificate ->
                new TlsFiles(
                    absolute(certificate),
                    given(environment, "REKINDLE_TLS_KEY").map(Settings::absolute))));
  }

  private static Path absolute(String path) {
    return Path.of(path).toAbsolutePath().normalize();
  }

  private static Optional<String> given(Map<String, String> environment, String name) {
    return Optional.ofNullable(environment.get(name)).filter(value -> !value.isEmpty());
  }

  private static Path state(Map<String, String> environment, String user, String userHome) {
    if ("root".equals(user)) {
      return Path.of(value(environment, "REKINDLE_STATE", "/var/lib/rekindle"));
    }
    String base = value(environment, "XDG_STATE_HOME", userHome + "/.local/state");
    return Path.of(value(environment, "REKINDLE_STATE", base + "/rekindle"));
  }

  private static String value(Map<String, String> environment, String name, String otherwise) {
    return given(environment, name).orElse(otherwise);
  }

  /** A client with the key that was given, else with the one the service made for who runs it. */
  ApiClient client() {
    return new ApiClient(
        host,
        port,
        key.or(this::operatorKey).orElse(null),
        tls.map(TlsFiles::certificate).orElse(null));
  }

  private Optional<String> operatorKey() {
    Path folder = Service.isLabUp() ? Service.labDir().resolve("share") : state;
    try {
      return Optional.of(Files.readString(folder.resolve("operator.key")).strip());
    } catch (IOException e) {
      // Not there where no key is needed, not readable where it is somebody else's: the service
      // says what it wants.
      return Optional.empty();
    }
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
