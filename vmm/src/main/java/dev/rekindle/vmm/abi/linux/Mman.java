package dev.rekindle.vmm.abi.linux;

/**
 * Flags of {@code mmap(2)}, {@code madvise(2)} and {@code memfd_create(2)}; {@code
 * asm-generic/mman-common.h}, {@code linux/memfd.h}.
 */
public final class Mman {
  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int MAP_SHARED = 0x01;
  public static final int MAP_PRIVATE = 0x02;
  public static final int MAP_FIXED = 0x10;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MADV_DONTNEED = 4;
  public static final int MADV_HUGEPAGE = 14;
  public static final int MADV_POPULATE_READ = 22;
  public static final int MADV_POPULATE_WRITE = 23;
  public static final int MFD_CLOEXEC = 1;

  private Mman() {}
}
