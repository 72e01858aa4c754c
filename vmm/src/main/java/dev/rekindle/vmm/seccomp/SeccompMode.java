package dev.rekindle.vmm.seccomp;

import dev.rekindle.vmm.abi.linux.SeccompData;
import java.util.Locale;

/** What becomes of a call that no list allows. */
public enum SeccompMode {
  /** The whole process dies by {@code SIGSYS}. */
  KILL(SeccompData.SECCOMP_RET_KILL_PROCESS),
  /** The call is made, and the kernel's audit log has a line about it; for finding out. */
  LOG(SeccompData.SECCOMP_RET_LOG),
  /** There are no filters. */
  OFF(SeccompData.SECCOMP_RET_ALLOW);

  private final int refusal;

  SeccompMode(int refusal) {
    this.refusal = refusal;
  }

  /** The filter's result for a call that is not allowed. */
  int refusal() {
    return refusal;
  }

  /**
   * @param text {@code kill}, {@code log} or {@code off}
   * @return the mode
   * @throws IllegalArgumentException for anything else
   */
  public static SeccompMode parse(String text) {
    for (SeccompMode mode : values()) {
      if (mode.name().toLowerCase(Locale.ROOT).equals(text)) {
        return mode;
      }
    }
    throw new IllegalArgumentException("seccomp must be kill, log or off, got " + text);
  }
}
