package dev.rekindle.pool.config;

import dev.rekindle.pool.fleet.FleetLimits;
import dev.rekindle.pool.jail.HostLimits;
import dev.rekindle.pool.jail.JailMode;
import dev.rekindle.pool.jail.JailSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What the service is told at its start.
 *
 * @param host address to listen on
 * @param port {@code [0, 65535]}; 0 takes a free one
 * @param stateDir templates, snapshots, logs; absolute
 * @param maxLeases held at a time, {@code [1, 10000]}
 * @param maxQueue acquires that may wait, {@code [0, 100000]}
 * @param hosts of what size and how many host processes
 * @param jail what is around each of them
 * @param access keys and TLS
 */
public record ServiceConfig(
    String host,
    int port,
    Path stateDir,
    int maxLeases,
    int maxQueue,
    FleetLimits hosts,
    JailSettings jail,
    AccessConfig access) {
  /** How to call the service. */
  public static final String USAGE =
      "usage: PoolMain [--listen HOST:PORT] [--state DIR] [--max-leases N] [--max-queue N]"
          + " [--shells N] [--vms-per-host N] [--max-hosts N] [--spare-hosts N]"
          + " [--host-idle-seconds N] [--host-reconnect-seconds N] [--jail auto|always|never]"
          + " [--jail-seccomp kill|log|off]"
          + " [--jail-first-uid N] [--host-cpu-percent N] [--host-cpu-weight N]"
          + " [--host-memory-mib N] [--host-io-mib N] [--host-tasks N]"
          + " [--require-keys true|false] [--operator-key FILE] [--tls-cert PEM --tls-key PEM]";

  /** Checks the ranges. */
  public ServiceConfig {
    range("port", port, 0, 65535);
    range("max-leases", maxLeases, 1, 10_000);
    range("max-queue", maxQueue, 0, 100_000);
    if (!stateDir.isAbsolute()) {
      throw new IllegalArgumentException("state must be absolute, got " + stateDir);
    }
  }

  /**
   * @return whether requests must show an API key: wherever others than this machine's own users
   *     can connect
   */
  public boolean keysRequired() {
    return access.keysAlways() || !isLoopback(host);
  }

  private static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      // Listening will say so; until then nobody is let in unasked.
      return false;
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
   * REKINDLE_STATE}, {@code REKINDLE_TLS_CERT} and {@code REKINDLE_TLS_KEY}, then from defaults.
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
    int shells = FleetLimits.DEFAULT.shells();
    int vmsPerHost = FleetLimits.DEFAULT.vmsPerHost();
    int maxHosts = FleetLimits.DEFAULT.maxHosts();
    int spareHosts = FleetLimits.DEFAULT.spareHosts();
    int idleSeconds = FleetLimits.DEFAULT.idleSeconds();
    int reconnectSeconds = FleetLimits.DEFAULT.reconnectSeconds();
    JailMode jail = JailSettings.DEFAULT.mode();
    String seccomp = JailSettings.DEFAULT.seccomp();
    int firstUid = JailSettings.DEFAULT.firstUid();
    int cpuPercent = HostLimits.DEFAULT.cpuPercent();
    int cpuWeight = HostLimits.DEFAULT.cpuWeight();
    int memoryMib = HostLimits.DEFAULT.memoryMib();
    int ioMib = HostLimits.DEFAULT.ioMibPerSecond();
    int tasks = HostLimits.DEFAULT.tasks();
    boolean keysAlways = false;
    String operatorKey = null;
    String certificate = environment.getOrDefault("REKINDLE_TLS_CERT", "");
    String key = environment.getOrDefault("REKINDLE_TLS_KEY", "");
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
        case "--vms-per-host" -> vmsPerHost = number(args[i], value);
        case "--max-hosts" -> maxHosts = number(args[i], value);
        case "--spare-hosts" -> spareHosts = number(args[i], value);
        case "--host-idle-seconds" -> idleSeconds = number(args[i], value);
        case "--host-reconnect-seconds" -> reconnectSeconds = number(args[i], value);
        case "--jail" -> jail = JailMode.parse(value);
        case "--jail-seccomp" -> seccomp = value;
        case "--jail-first-uid" -> firstUid = number(args[i], value);
        case "--host-cpu-percent" -> cpuPercent = number(args[i], value);
        case "--host-cpu-weight" -> cpuWeight = number(args[i], value);
        case "--host-memory-mib" -> memoryMib = number(args[i], value);
        case "--host-io-mib" -> ioMib = number(args[i], value);
        case "--host-tasks" -> tasks = number(args[i], value);
        case "--require-keys" -> keysAlways = bool(args[i], value);
        case "--operator-key" -> operatorKey = value;
        case "--tls-cert" -> certificate = value;
        case "--tls-key" -> key = value;
        default -> throw new IllegalArgumentException("unknown argument " + args[i] + "; " + USAGE);
      }
    }
    int colon = listen.lastIndexOf(':');
    if (colon < 1) {
      throw new IllegalArgumentException("listen must be HOST:PORT, got " + listen);
    }
    Path stateDir = Path.of(state).toAbsolutePath().normalize();
    AccessConfig access =
        new AccessConfig(
            keysAlways,
            operatorKey == null ? stateDir.resolve("operator.key") : Path.of(operatorKey),
            tls(certificate, key));
    return new ServiceConfig(
        listen.substring(0, colon),
        number("--listen", listen.substring(colon + 1)),
        stateDir,
        maxLeases,
        maxQueue,
        new FleetLimits(vmsPerHost, maxHosts, spareHosts, idleSeconds, shells, reconnectSeconds),
        new JailSettings(
            jail,
            seccomp,
            firstUid,
            new HostLimits(cpuPercent, cpuWeight, memoryMib, ioMib, tasks)),
        access);
  }

  private static Optional<AccessConfig.Tls> tls(String certificate, String key) {
    if (certificate.isEmpty() != key.isEmpty()) {
      throw new IllegalArgumentException("tls-cert and tls-key must be given together");
    }
    return certificate.isEmpty()
        ? Optional.empty()
        : Optional.of(new AccessConfig.Tls(Path.of(certificate), Path.of(key)));
  }

  private static boolean bool(String name, String value) {
    if (!value.equals("true") && !value.equals("false")) {
      throw new IllegalArgumentException(name + " must be true or false, got " + value);
    }
    return Boolean.parseBoolean(value);
  }

  private static int number(String name, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(name + " must be a number, got " + value, e);
    }
  }
}
