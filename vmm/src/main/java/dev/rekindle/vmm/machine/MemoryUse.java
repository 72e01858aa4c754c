package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.sys.FaultCounts;

/**
 * What a guest's accesses cost the host.
 *
 * @param faults of its vCPUs' threads while they ran it
 * @param ownPages of 4 KiB that are the guest's alone: copied, or zero before
 */
public record MemoryUse(FaultCounts faults, long ownPages) {
  /** Of a guest that has not run. */
  public static final MemoryUse NONE = new MemoryUse(FaultCounts.NONE, 0);

  /**
   * @param earlier use of the same guest
   * @return what came since
   */
  public MemoryUse since(MemoryUse earlier) {
    return new MemoryUse(faults.since(earlier.faults), ownPages - earlier.ownPages);
  }
}
