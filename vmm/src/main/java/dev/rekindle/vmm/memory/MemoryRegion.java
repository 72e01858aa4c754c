package dev.rekindle.vmm.memory;

import java.lang.foreign.MemorySegment;

/**
 * A run of guest-physical addresses backed by host memory.
 *
 * @param gpa first guest-physical address, page-aligned
 * @param hva the host memory; its size is the region's
 * @param fileOffset where the region lies in a snapshot's memory file, bytes
 */
public record MemoryRegion(long gpa, MemorySegment hva, long fileOffset) {
  /**
   * @return size in bytes
   */
  public long sizeBytes() {
    return hva.byteSize();
  }
}
