package dev.rekindle.pool.jail;

/**
 * What one host process may take.
 *
 * @param cpuPercent of one processor, {@code [0, 100000]}; 0 for no limit
 * @param cpuWeight against other groups, {@code [1, 10000]}; the service itself has 100
 * @param memoryMib hard limit, {@code [0, 2^24]}; 0 for four fifths of the machine's memory. From
 *     nine tenths of it on the process is slowed down
 * @param ioMibPerSecond read, and as many written, on the disk of the state directory, {@code [0,
 *     2^20]}; 0 for no limit
 * @param tasks threads, {@code [64, 65536]}
 */
public record HostLimits(
    int cpuPercent, int cpuWeight, int memoryMib, int ioMibPerSecond, int tasks) {
  /** What a service has that was told nothing. */
  public static final HostLimits DEFAULT = new HostLimits(0, 50, 0, 0, 4096);

  /** Open files of a host process: a VM takes about a dozen. */
  static final int OPEN_FILES = 16_384;

  /** Largest file it can write, its log: 1 GiB. */
  static final long FILE_BYTES = 1L << 30;

  /** Checks the ranges. */
  public HostLimits {
    range("host-cpu-percent", cpuPercent, 0, 100_000);
    range("host-cpu-weight", cpuWeight, 1, 10_000);
    range("host-memory-mib", memoryMib, 0, 1 << 24);
    range("host-io-mib", ioMibPerSecond, 0, 1 << 20);
    range("host-tasks", tasks, 64, 65_536);
  }

  private static void range(String name, int value, int min, int max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          name + " must be in [" + min + ", " + max + "], got " + value);
    }
  }

  /** The memory limit in bytes, given the machine's memory. */
  long memoryBytes(long machineBytes) {
    return memoryMib == 0 ? machineBytes / 5 * 4 : (long) memoryMib << 20;
  }
}
