package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.rekindle.vmm.sys.IoctlRequest;
import java.lang.foreign.StructLayout;

/** {@code struct pm_scan_arg} of {@code /proc/self/pagemap}; {@code linux/fs.h} v6.7; 96 bytes. */
public final class PmScanArg {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("size"),
              JAVA_LONG.withName("flags"),
              JAVA_LONG.withName("start"),
              JAVA_LONG.withName("end"),
              JAVA_LONG.withName("walk_end"),
              JAVA_LONG.withName("vec"),
              JAVA_LONG.withName("vec_len"),
              JAVA_LONG.withName("max_pages"),
              JAVA_LONG.withName("category_inverted"),
              JAVA_LONG.withName("category_mask"),
              JAVA_LONG.withName("category_anyof_mask"),
              JAVA_LONG.withName("return_mask"))
          .withName("pm_scan_arg");

  public static final long SIZE = LAYOUT.byteOffset(groupElement("size"));
  public static final long START = LAYOUT.byteOffset(groupElement("start"));
  public static final long END = LAYOUT.byteOffset(groupElement("end"));
  public static final long WALK_END = LAYOUT.byteOffset(groupElement("walk_end"));
  public static final long VEC = LAYOUT.byteOffset(groupElement("vec"));
  public static final long VEC_LEN = LAYOUT.byteOffset(groupElement("vec_len"));
  public static final long CATEGORY_INVERTED = LAYOUT.byteOffset(groupElement("category_inverted"));
  public static final long CATEGORY_MASK = LAYOUT.byteOffset(groupElement("category_mask"));
  public static final long CATEGORY_ANYOF_MASK =
      LAYOUT.byteOffset(groupElement("category_anyof_mask"));

  /** The page is of a file, or anonymous and shared. */
  public static final long PAGE_IS_FILE = 1 << 2;

  public static final long PAGE_IS_PRESENT = 1 << 3;
  public static final long PAGE_IS_SWAPPED = 1 << 4;

  /** {@code PAGEMAP_SCAN}; its result is a number of {@link PageRegion}s. */
  public static final IoctlRequest PAGEMAP_SCAN =
      IoctlRequest.readWrite("PAGEMAP_SCAN", 'f', 16, LAYOUT);

  private PmScanArg() {}
}
