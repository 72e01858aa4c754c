package dev.rekindle.vmm.abi.linux;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.StructLayout;

/** {@code struct page_region}; {@code linux/fs.h} v6.7; 24 bytes. */
public final class PageRegion {
  public static final StructLayout LAYOUT =
      structLayout(
              JAVA_LONG.withName("start"),
              JAVA_LONG.withName("end"),
              JAVA_LONG.withName("categories"))
          .withName("page_region");

  public static final long START = LAYOUT.byteOffset(groupElement("start"));
  public static final long END = LAYOUT.byteOffset(groupElement("end"));

  private PageRegion() {}
}
