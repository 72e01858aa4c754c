package dev.rekindle.vmm.arch.x86;

import dev.rekindle.vmm.memory.GuestMemory;

/**
 * Page tables that map the first 4 GiB onto themselves, by 2 MiB pages (Intel SDM volume 3, 4.5):
 * one PML4, one page directory pointer table, four page directories, six pages in a row.
 */
public final class IdentityPageTables {
  /** Size of all tables. */
  public static final int SIZE_BYTES = 6 * 4096;

  private static final int PAGE_BYTES = 4096;
  private static final int ENTRIES = 512;
  private static final int DIRECTORIES = 4;
  private static final long PRESENT_WRITABLE = 3;
  private static final long LARGE_PAGE = 1 << 7;

  private IdentityPageTables() {}

  /**
   * @param memory of the guest
   * @param gpa where the tables go, page-aligned
   * @return what goes into cr3
   */
  public static long write(GuestMemory memory, long gpa) {
    memory.slice(gpa, SIZE_BYTES).fill((byte) 0);
    long pointers = gpa + PAGE_BYTES;
    long directories = pointers + PAGE_BYTES;
    memory.putLong(gpa, pointers | PRESENT_WRITABLE);
    for (int i = 0; i < DIRECTORIES; i++) {
      memory.putLong(pointers + i * 8L, directories + (long) i * PAGE_BYTES | PRESENT_WRITABLE);
    }
    for (int i = 0; i < DIRECTORIES * ENTRIES; i++) {
      memory.putLong(directories + i * 8L, (long) i << 21 | PRESENT_WRITABLE | LARGE_PAGE);
    }
    return gpa;
  }
}
