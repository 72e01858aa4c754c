package dev.rekindle.pool.lease;

import dev.rekindle.pool.journal.BootClock;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The time leases are kept by.
 *
 * @param wall what people are told
 * @param nanos what deadlines are kept by; monotonic, of any origin, may overflow
 * @param bootMillis by which a successor takes deadlines over: milliseconds since the machine's
 *     boot
 */
public record LeaseClock(InstantSource wall, LongSupplier nanos, LongSupplier bootMillis) {
  /**
   * @return this machine's clocks
   */
  public static LeaseClock system() {
    return new LeaseClock(InstantSource.system(), System::nanoTime, BootClock::millis);
  }

  long nanoTime() {
    return nanos.getAsLong();
  }
}
