package dev.rekindle.snapshotter.restore;

import java.util.LinkedHashMap;
import java.util.Map;

/** Microseconds of the stages of one restore, in their order. Thread: one. */
public final class StageClock {
  private final Map<String, Long> micros = new LinkedHashMap<>();
  private long lastNanos = System.nanoTime();

  /** Starts now. */
  public StageClock() {}

  /**
   * Ends a stage; the next begins.
   *
   * @param stage name of the one that ended
   */
  public void stage(String stage) {
    long now = System.nanoTime();
    micros.put(stage, (now - lastNanos) / 1000);
    lastNanos = now;
  }

  /** Lets the time since the last stage belong to none. */
  public void skip() {
    lastNanos = System.nanoTime();
  }

  /**
   * @return microseconds by stage
   */
  public Map<String, Long> micros() {
    return micros;
  }
}
