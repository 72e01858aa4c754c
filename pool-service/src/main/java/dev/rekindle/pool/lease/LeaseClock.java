package dev.rekindle.pool.lease;

import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The time leases are kept by.
 *
 * @param wall what people are told
 * @param nanos what deadlines are kept by; monotonic, of any origin, may overflow
 */
public record LeaseClock(InstantSource wall, LongSupplier nanos) {
  /**
   * @return this machine's clocks
   */
  public static LeaseClock system() {
    return new LeaseClock(InstantSource.system(), System::nanoTime);
  }

  long nanoTime() {
    return nanos.getAsLong();
  }
}
