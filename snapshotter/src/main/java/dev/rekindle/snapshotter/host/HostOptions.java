package dev.rekindle.snapshotter.host;

import java.nio.file.Path;

/**
 * The command line of a host process.
 *
 * @param socket where to listen
 * @param stateDir the state directory; absolute
 * @param shellsPerShape VMs to keep built ahead for each shape; 0 for none
 * @param agentTimeoutSeconds until a restored guest's agent must have answered
 */
record HostOptions(Path socket, Path stateDir, int shellsPerShape, int agentTimeoutSeconds) {
  static final String USAGE =
      "usage: HostMain --socket PATH --state DIR [--shells N] [--agent-timeout SECONDS]";

  /**
   * @param args as given to main
   * @throws IllegalArgumentException naming what is wrong
   */
  static HostOptions parse(String... args) {
    Path socket = null;
    Path state = null;
    int shells = 2;
    int agentTimeout = 30;
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " needs a value");
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--socket" -> socket = Path.of(value).toAbsolutePath();
        case "--state" -> state = Path.of(value).toAbsolutePath();
        case "--shells" -> shells = number(args[i], value, 0, 64);
        case "--agent-timeout" -> agentTimeout = number(args[i], value, 1, 600);
        default -> throw new IllegalArgumentException("unknown argument " + args[i]);
      }
    }
    if (socket == null || state == null) {
      throw new IllegalArgumentException("--socket and --state are required");
    }
    return new HostOptions(socket, state, shells, agentTimeout);
  }

  private static int number(String name, String value, int min, int max) {
    try {
      int number = Integer.parseInt(value);
      if (number >= min && number <= max) {
        return number;
      }
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " must be a number, got " + value, e);
    }
    throw new IllegalArgumentException(
        name + " must be in [" + min + ", " + max + "], got " + value);
  }
}
