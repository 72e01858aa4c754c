package dev.rekindle.bench;

/** One way to boot a guest. */
interface BootWay {
  /**
   * Boots it once and waits until it has powered off.
   *
   * @return from the start to init's line at the serial port, nanoseconds
   * @throws IllegalStateException with the console's tail if that line never came
   */
  long bootNanos();
}
