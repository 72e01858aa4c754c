package dev.rekindle.snapshotter.restore;

/**
 * How a process restores.
 *
 * @param shellsPerShape how many VMs to keep built ahead
 * @param prefetch what is done with a snapshot's working set
 * @param recording whether memory lies in pages of 4 KiB whatever the snapshot says, so that what
 *     is touched can be told by the page
 */
public record RestoreOptions(int shellsPerShape, PrefetchMode prefetch, boolean recording) {
  /** What is done with a snapshot's working set. */
  public enum PrefetchMode {
    /** Nothing. */
    NONE,
    /** Its pages are mapped and copied in this process. */
    HOST,
    /** They are, and KVM maps them too, where it can. */
    GUEST,
    /**
     * What measured best for the snapshot's pages: {@link #GUEST}, and nothing for hugetlbfs, where
     * a page copied ahead is 2 MiB copied for the few bytes that are written.
     */
    BEST
  }

  /**
   * What host processes do: {@code docs/bench.md}, "Faults", has why.
   *
   * @param shellsPerShape how many VMs to keep built ahead
   * @return options
   */
  public static RestoreOptions serving(int shellsPerShape) {
    return new RestoreOptions(shellsPerShape, PrefetchMode.BEST, false);
  }

  /**
   * What the builder of a template does to learn a working set.
   *
   * @return options
   */
  public static RestoreOptions learning() {
    return new RestoreOptions(0, PrefetchMode.NONE, true);
  }
}
