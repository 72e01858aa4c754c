package dev.rekindle.snapshotter.host.protocol;

import java.util.regex.Pattern;

/** Numbers and rules of {@code docs/host-protocol.md} that both sides need. */
public final class HostProtocol {
  /** The version said in hello. */
  public static final int VERSION = 1;

  /** Largest value of a frame's length field, which counts kind, request id and payload. */
  public static final int MAX_FRAME_BYTES = 1 << 20;

  /** Most stream bytes in one data frame. */
  public static final int MAX_DATA_BYTES = 1 << 16;

  /** Stream bytes each direction of an exec may carry before the first window event. */
  public static final int INITIAL_WINDOW_BYTES = 1 << 18;

  /** Requests of one connection without a reply yet. */
  public static final int MAX_REQUESTS_IN_FLIGHT = 4096;

  /** Seconds without a connection after which a host process stops. */
  public static final int RECONNECT_SECONDS = 10;

  /** Seconds a new host process waits for its first connection. */
  public static final int FIRST_CONNECT_SECONDS = 30;

  private static final Pattern SANDBOX_ID = Pattern.compile("[A-Za-z0-9_-]{1,64}");
  private static final Pattern MACHINE_ID = Pattern.compile("[0-9a-f]{32}");

  private HostProtocol() {}

  static String requireSandboxId(String sandboxId) {
    return requireMatch("sandboxId", SANDBOX_ID, sandboxId);
  }

  static String requireMachineId(String machineId) {
    return requireMatch("machineId", MACHINE_ID, machineId);
  }

  static <T> T require(String field, T value) {
    if (value == null) {
      throw new IllegalArgumentException(field + " is missing");
    }
    return value;
  }

  static long requireRange(String field, long value, long min, long max) {
    if (value < min || value > max) {
      throw new IllegalArgumentException(
          field + " must be in [" + min + ", " + max + "], got " + value);
    }
    return value;
  }

  private static String requireMatch(String field, Pattern pattern, String value) {
    if (!pattern.matcher(require(field, value)).matches()) {
      throw new IllegalArgumentException(field + " must match " + pattern + ", got " + value);
    }
    return value;
  }
}
