package dev.rekindle.snapshotter.template;

/** Hears how far a build is. Thread: the builder's. */
public interface BuildProgress {
  /**
   * @param stage {@code kernel}, {@code rootfs}, {@code initramfs}, {@code boot}, {@code warmup},
   *     {@code capture} or {@code publish}
   * @param percent of the stage, in [0, 100]
   * @param message for a person; may be empty
   */
  void report(String stage, int percent, String message);
}
