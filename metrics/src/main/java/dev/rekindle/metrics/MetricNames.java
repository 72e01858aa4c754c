package dev.rekindle.metrics;

/** Every metric's name and label, once; see {@code docs/metrics.md}. */
public final class MetricNames {
  /**
   * Seconds a lease took, by {@link #STAGE} and {@link #SERVED}; stage {@code total} is the whole.
   */
  public static final String LEASE_STAGE = "rekindle.lease.stage";

  /** Refused or failed requests for a lease, by {@link #CODE}. */
  public static final String LEASE_REFUSED = "rekindle.lease.refused";

  /** Leases that ended, by {@link #REASON}. */
  public static final String LEASE_ENDED = "rekindle.lease.ended";

  /** Leases held now, by {@link #TEMPLATE}. */
  public static final String LEASED = "rekindle.leased";

  /** Sandboxes restored and waiting. */
  public static final String PARKED = "rekindle.parked";

  /** VMs built ahead and empty. */
  public static final String SHELLS = "rekindle.shells";

  /** Seconds a command ran in a sandbox. */
  public static final String EXEC = "rekindle.exec";

  /** Starts of host processes, the first included. */
  public static final String HOST_STARTS = "rekindle.host.starts";

  public static final String STAGE = "stage";
  public static final String SERVED = "served";
  public static final String CODE = "code";
  public static final String REASON = "reason";
  public static final String TEMPLATE = "template";

  private MetricNames() {}
}
