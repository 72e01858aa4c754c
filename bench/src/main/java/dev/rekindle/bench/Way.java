package dev.rekindle.bench;

/** A way from "a snapshot exists" to "the guest has left its first I/O exit". */
enum Way {
  /** Memory slot after the irqchip, as most monitors do it; the floor's only. */
  FRESH_NAIVE("fresh-naive", 1),
  /** A VM made for it. */
  FRESH("fresh", 1),
  /** Into a VM of the shape that was made ahead. */
  SHELL("shell", 1),
  /** Into the VM that has just run another guest, asked for where the guest's exit came. */
  RECYCLE("recycle", 1),
  /** The same on two threads at once. */
  RECYCLE_PARALLEL("recycle", 2),
  /** As recycle, asked for by a thread that is not the vCPU's; measured beside the floor's. */
  RECYCLE_ASKED("recycle-asked", 1);

  private final String label;
  private final int threads;

  Way(String label, int threads) {
    this.label = label;
    this.threads = threads;
  }

  static Way of(String label, int threads) {
    for (Way way : values()) {
      if (way.label.equals(label) && way.threads == threads) {
        return way;
      }
    }
    throw new IllegalArgumentException("no way " + label + " on " + threads + " threads");
  }

  String label() {
    return label;
  }

  int threads() {
    return threads;
  }

  /** Which of the floor's it is compared with. */
  Way floor() {
    return this == RECYCLE_ASKED ? RECYCLE : this;
  }
}
