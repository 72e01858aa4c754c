package dev.rekindle.vmm.sys;

/**
 * Page faults as the kernel counts them for a thread. A guest's access to a page its process has
 * not mapped counts for the vCPU's thread, except what KVM has another thread read from disk
 * meanwhile (asynchronous page faults): such a page is then there, and the guest's own fault minor
 * or none.
 *
 * @param minor without input or output
 * @param major that waited for a disk
 */
public record FaultCounts(long minor, long major) {
  /** None. */
  public static final FaultCounts NONE = new FaultCounts(0, 0);

  /**
   * @param other counts
   * @return both together
   */
  public FaultCounts plus(FaultCounts other) {
    return new FaultCounts(minor + other.minor, major + other.major);
  }

  /**
   * @param earlier counts of the same threads
   * @return what came since
   */
  public FaultCounts since(FaultCounts earlier) {
    return new FaultCounts(minor - earlier.minor, major - earlier.major);
  }
}
