package dev.rekindle.pool.config;

import java.nio.file.Path;
import java.util.Map;

/**
 * What the service is told at its start.
 *
 * @param host address to listen on
 * @param port {@code [0, 65535]}; 0 takes a free one
 * @param stateDir templates, snapshots, logs; absolute
 * @param maxLeases held at a time, {@code [1, 10000]}
 * @param maxQueue acquires that may wait, {@code [0, 100000]}
 * @param shells VMs built ahead for each shape, {@code [0, 64]}
 */
public record ServiceConfig(
    String host, int port, Path stateDir, int maxLeases, int maxQueue, int shells) {
  /** How to call the service. */
  public static final String USAGE =
      "usage: PoolMain [--listen HOST:PORT] [--state DIR] [--max-leases N] [--max-queue N]"
          + " [--shells N]";

  /** Checks the ranges. */
  public ServiceConfig {
    range("port", port, 0, 65535);
    range("max-leases", maxLeases, 1, 10_000);
    range("max-queue", maxQueue, 0, 100_000);
    range("shells", shells, 0, 64);
    if (!stateDir.isAbsolute()) {
      throw new IllegalArgumentException("state must be absolute, got " + stateDir);
    }
  }

  private static void range(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " must be in [" + min + ", " + max + "], got " + value);
    }
  }

  /**
   * Reads the command line; what it does not say comes from {@code REKINDLE_LISTEN} and {@code
   * REKINDLE_STATE}, then from defaults.
   *
   * @param environment of the process
   * @param args of main
   * @return the configuration
   * @throws IllegalArgumentException naming what is wrong
   */
  public static ServiceConfig parse(Map<String, String> environment, String... args) {
    String listen = environment.getOrDefault("REKINDLE_LISTEN", "127.0.0.1:7070");
    String state = environment.getOrDefault("REKINDLE_STATE", "/var/lib/rekindle");
    int maxLeases = 64;
    int maxQueue = 1024;
    int shells = 2;
    for (int i = 0; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " needs a value; " + USAGE);
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--listen" -> listen = value;
        case "--state" -> state = value;
        case "--max-leases" -> maxLeases = number(args[i], value);
        case "--max-queue" -> maxQueue = number(args[i], value);
        case "--shells" -> shells = number(args[i], value);
        default -> throw new IllegalArgumentException("unknown argument " + args[i] + "; " + USAGE);
      }
    }
    int colon = listen.lastIndexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException("listen must be HOST:PORT, got " + listen);
    }
    return new ServiceConfig(
        listen.substring(0, colon),
        number("--listen", listen.substring(colon + 1)),
        Path.of(state).toAbsolutePath().normalize(),
        maxLeases,
        maxQueue,
        shells);
  }

  private static int number(String name, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " must be a number, got " + value, e);
    }
  }
}
