package dev.rekindle.vmm.memory;

/**
 * The pages of guest memory that a process has mapped.
 *
 * @param read of the snapshot's file, shared with whoever else maps it. The kernel maps up to 16
 *     neighbours in the page cache with each page that is read, and they are among these
 * @param written copied, this process's own
 */
public record TouchedPages(PageRuns read, PageRuns written) {
  /** None. */
  public static final TouchedPages NONE = new TouchedPages(PageRuns.NONE, PageRuns.NONE);
}
