package dev.rekindle.pool.journal;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/**
 * Time since the machine's boot, which all its processes share and no clock setting moves. Thread:
 * any.
 */
public final class BootClock {
  private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
  private static final Path UPTIME = Path.of("/proc/uptime");

  private BootClock() {}

  /**
   * @return of this boot of the machine
   * @throws IOException if /proc does not tell
   */
  public static UUID bootId() throws IOException {
    return UUID.fromString(Files.readString(BOOT_ID).strip());
  }

  /**
   * Milliseconds since the boot, suspended time included, in steps of 10 ({@code /proc/uptime}).
   *
   * @return the time
   */
  public static long millis() {
    try {
      String seconds = Files.readString(UPTIME).split(" ", 2)[0];
      return new BigDecimal(seconds).movePointRight(3).longValueExact();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
