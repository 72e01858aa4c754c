package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.abi.boot.BootParams;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.memory.MemoryRegion;
import java.util.ArrayList;
import java.util.List;

/**
 * A range of the memory map that the kernel is told.
 *
 * @param gpa first address
 * @param sizeBytes more than 0
 * @param type {@code BootParams.E820_TYPE_*}, the same numbers for PVH
 */
public record E820Entry(long gpa, long sizeBytes, int type) {
  /**
   * The map of a guest: RAM is what {@code GuestMemory} has, but for the range from the end of
   * conventional memory to 1 MiB. In it the ACPI tables and the VM generation id are reserved; the
   * kernel must neither hand them out nor, as it may with type "ACPI", reclaim them.
   *
   * @param memory of the guest
   * @return entries by ascending address, disjoint
   */
  public static List<E820Entry> of(GuestMemory memory) {
    List<E820Entry> map = new ArrayList<>();
    map.add(new E820Entry(0, AddressMap.LOW_RAM_END, BootParams.E820_TYPE_RAM));
    map.add(
        new E820Entry(
            AddressMap.ACPI_TABLES,
            AddressMap.KERNEL - AddressMap.ACPI_TABLES,
            BootParams.E820_TYPE_RESERVED));
    for (MemoryRegion region : memory.regions()) {
      long from = Math.max(region.gpa(), AddressMap.KERNEL);
      long size = region.gpa() + region.sizeBytes() - from;
      if (size > 0) {
        map.add(new E820Entry(from, size, BootParams.E820_TYPE_RAM));
      }
    }
    return List.copyOf(map);
  }
}
