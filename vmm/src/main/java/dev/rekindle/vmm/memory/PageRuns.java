package dev.rekindle.vmm.memory;

import java.util.Arrays;
import java.util.BitSet;

/**
 * A set of pages as runs of neighbours, ascending. Page 0 is the first of a snapshot's memory file,
 * which is the first of guest memory. Immutable.
 */
public final class PageRuns {
  /** Size of a page. */
  public static final int PAGE_BYTES = 4096;

  /** No page. */
  public static final PageRuns NONE = new PageRuns();

  private final long[] bounds;
  private final long pages;

  private PageRuns(long... bounds) {
    this.bounds = bounds;
    long count = 0;
    for (int i = 0; i < bounds.length; i += 2) {
      count += bounds[i + 1] - bounds[i];
    }
    pages = count;
  }

  /**
   * @param bounds of each run its first page and the page behind its last
   * @return these pages
   * @throws IllegalArgumentException if a run is empty, or runs touch or do not ascend
   */
  public static PageRuns of(long... bounds) {
    long behind = -1;
    for (int i = 0; i < bounds.length; i++) {
      if (bounds[i] <= behind || bounds.length % 2 != 0) {
        throw new IllegalArgumentException(
            "page runs must ascend without touching, got " + bounds[i] + " after " + behind);
      }
      behind = bounds[i];
    }
    return new PageRuns(bounds.clone());
  }

  /**
   * @param pages one bit each
   * @return these pages
   */
  public static PageRuns of(BitSet pages) {
    long[] bounds = new long[16];
    int used = 0;
    for (int first = pages.nextSetBit(0); first >= 0; ) {
      int end = pages.nextClearBit(first);
      if (used == bounds.length) {
        bounds = Arrays.copyOf(bounds, 2 * used);
      }
      bounds[used++] = first;
      bounds[used++] = end;
      first = pages.nextSetBit(end);
    }
    return new PageRuns(Arrays.copyOf(bounds, used));
  }

  /**
   * @return how many runs
   */
  public int runs() {
    return bounds.length / 2;
  }

  /**
   * @return how many pages
   */
  public long pages() {
    return pages;
  }

  /**
   * @return bytes of all pages
   */
  public long bytes() {
    return pages * PAGE_BYTES;
  }

  /**
   * @param run {@code [0, runs())}
   * @return its first page
   */
  public long first(int run) {
    return bounds[2 * run];
  }

  /**
   * @param run {@code [0, runs())}
   * @return the page behind its last
   */
  public long end(int run) {
    return bounds[2 * run + 1];
  }

  /**
   * @return the page behind the last of all; 0 if there is none
   */
  public long end() {
    return bounds.length == 0 ? 0 : bounds[bounds.length - 1];
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof PageRuns o && Arrays.equals(bounds, o.bounds);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bounds);
  }

  @Override
  public String toString() {
    return pages + " pages in " + runs() + " runs";
  }
}
