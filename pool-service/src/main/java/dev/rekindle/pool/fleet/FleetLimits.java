package dev.rekindle.pool.fleet;

import dev.rekindle.snapshotter.host.protocol.HostProtocol;

/**
 * How many host processes, and of what size.
 *
 * @param vmsPerHost most VMs in one: leased, parked and empty together, {@code [1, 1024]}
 * @param maxHosts most at a time, {@code [1, 256]}
 * @param spareHosts kept ready that have served nobody, {@code [0, 16]}
 * @param idleSeconds after which one without leases ends, {@code [1, 86400]}
 * @param shells VMs each builds ahead for a shape it has seen, {@code [0, 64]}
 * @param reconnectSeconds for which one without a service waits for the next, {@code [1, 3600]}
 */
public record FleetLimits(
    int vmsPerHost,
    int maxHosts,
    int spareHosts,
    int idleSeconds,
    int shells,
    int reconnectSeconds) {
  /** What a service has that was told nothing. */
  public static final FleetLimits DEFAULT = new FleetLimits(32, 8, 1, 300, 2);

  /** Checks the ranges. */
  public FleetLimits {
    range("vms-per-host", vmsPerHost, 1, 1024);
    range("max-hosts", maxHosts, 1, 256);
    range("spare-hosts", spareHosts, 0, 16);
    range("host-idle-seconds", idleSeconds, 1, 86_400);
    range("shells", shells, 0, 64);
    range("host-reconnect-seconds", reconnectSeconds, 1, 3600);
  }

  /**
   * As the other, waiting for a service as long as it is the default.
   *
   * @param vmsPerHost see the record
   * @param maxHosts see the record
   * @param spareHosts see the record
   * @param idleSeconds see the record
   * @param shells see the record
   */
  public FleetLimits(int vmsPerHost, int maxHosts, int spareHosts, int idleSeconds, int shells) {
    this(vmsPerHost, maxHosts, spareHosts, idleSeconds, shells, HostProtocol.RECONNECT_SECONDS);
  }

  private static void range(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " must be in [" + min + ", " + max + "], got " + value);
    }
  }
}
