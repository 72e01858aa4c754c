package dev.rekindle.snapshotter.index;

import java.util.concurrent.atomic.LongAdder;

/** What a process's readers did. Thread: any. */
final class ReadCounts {
  private final LongAdder reads = new LongAdder();
  private final LongAdder rejected = new LongAdder();
  private final LongAdder unindexed = new LongAdder();

  void read() {
    reads.increment();
  }

  void rejected() {
    rejected.increment();
  }

  void unindexed() {
    unindexed.increment();
  }

  long reads() {
    return reads.sum();
  }

  long rejections() {
    return rejected.sum();
  }

  long withoutIndex() {
    return unindexed.sum();
  }
}
