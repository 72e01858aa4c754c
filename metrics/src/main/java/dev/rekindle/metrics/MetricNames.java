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

  /** Page faults of a lease, by {@link #TEMPLATE} and {@link #KIND}. */
  public static final String LEASE_FAULTS = "rekindle.lease.faults";

  /** Bytes of memory that became a lease's own, by {@link #TEMPLATE}. */
  public static final String LEASE_COPIED = "rekindle.lease.copied";

  /** Share of a snapshot's memory file in the page cache, by {@link #TEMPLATE}. */
  public static final String SNAPSHOT_RESIDENT = "rekindle.snapshot.resident";

  /** Bytes a restore prefetches, by {@link #TEMPLATE}. */
  public static final String SNAPSHOT_WORKING_SET = "rekindle.snapshot.working.set";

  /** Seconds a command ran in a sandbox. */
  public static final String EXEC = "rekindle.exec";

  /** Starts of host processes, the first included. */
  public static final String HOST_STARTS = "rekindle.host.starts";

  /** Host processes that were lost. */
  public static final String HOST_LOSSES = "rekindle.host.losses";

  /** VMs of each {@link #HOST}, by {@link #STATE}. */
  public static final String HOST_VMS = "rekindle.host.vms";

  /** Memory of each {@link #HOST}. */
  public static final String HOST_RESIDENT = "rekindle.host.resident";

  /** Acquires answered with the lease their Idempotency-Key had already. */
  public static final String LEASE_REPLAYED = "rekindle.lease.replayed";

  /** Leases taken over from an earlier service. */
  public static final String LEASE_ADOPTED = "rekindle.lease.adopted";

  /** Seconds a record of the journal of leases took to write. */
  public static final String JOURNAL_WRITE = "rekindle.journal.write";

  /** Failures to read, write or force the journal of leases. */
  public static final String JOURNAL_FAILURES = "rekindle.journal.failures";

  public static final String HOST = "host";
  public static final String STATE = "state";
  public static final String STAGE = "stage";
  public static final String SERVED = "served";
  public static final String CODE = "code";
  public static final String REASON = "reason";
  public static final String TEMPLATE = "template";
  public static final String KIND = "kind";

  private MetricNames() {}
}
