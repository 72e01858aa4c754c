package dev.rekindle.vmm.seccomp;

/**
 * A condition on one argument: its bits under the mask are those of the value.
 *
 * @param index {@code [0, 5]}
 * @param wide all 64 bits count; otherwise the lower 32, which is right only where the kernel
 *     itself takes no more of them
 * @param mask of the bits that count
 * @param value none of its bits outside of the mask
 */
record ArgumentMatch(int index, boolean wide, long mask, long value) {
  private static final long LOW = 0xFFFF_FFFFL;

  /** Checks the ranges. */
  ArgumentMatch {
    if (index < 0 || index > 5) {
      throw new IllegalArgumentException("argument must be in [0, 5], got " + index);
    }
    if (!wide && (mask & ~LOW) != 0) {
      throw new IllegalArgumentException("an int has 32 bits, got mask " + Long.toHexString(mask));
    }
    if ((value & ~mask) != 0) {
      throw new IllegalArgumentException(
          "value " + Long.toHexString(value) + " has bits outside of " + Long.toHexString(mask));
    }
  }

  int lowMask() {
    return (int) mask;
  }

  int highMask() {
    return (int) (mask >>> 32);
  }

  int lowValue() {
    return (int) value;
  }

  int highValue() {
    return (int) (value >>> 32);
  }
}
