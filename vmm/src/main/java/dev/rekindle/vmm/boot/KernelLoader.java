package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.abi.boot.Elf64;
import dev.rekindle.vmm.abi.boot.SetupHeader;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import java.nio.file.Path;

/** Loads a kernel of either kind. */
public final class KernelLoader {
  /** Enough of a file to know its kind and to hold any setup header. */
  static final int PROBE_BYTES = 4096;

  private KernelLoader() {}

  /**
   * Puts a kernel into guest memory, at {@code AddressMap.KERNEL} or where its ELF headers say.
   *
   * @param kernel bzImage or x86-64 ELF file
   * @param memory all zero
   * @return where it is and how to enter it
   * @throws BootException {@code kernel.*}; guest memory may then hold a part of the file
   */
  public static LoadedKernel load(Path kernel, GuestMemory memory) {
    try (BootFile file = BootFile.open(kernel, BootErrorCode.KERNEL_UNREADABLE)) {
      if (lowRamEnd(memory) <= AddressMap.KERNEL) {
        throw new BootException(
            BootErrorCode.MEMORY_TOO_SMALL, memory.sizeBytes() + " bytes of memory hold no kernel");
      }
      byte[] start = file.read(0, PROBE_BYTES);
      if (start.length >= 4 && LittleEndian.u32(start, 0) == Elf64.ELFMAG) {
        return ElfLoader.load(file, start, memory);
      }
      int magicEnd = SetupHeader.LENGTH_BASE + 4;
      if (start.length >= magicEnd
          && LittleEndian.u32(start, SetupHeader.LENGTH_BASE) == SetupHeader.HEADER_MAGIC) {
        return BzImageLoader.load(file, start, memory);
      }
      throw new BootException(
          BootErrorCode.KERNEL_NOT_A_KERNEL,
          "%s (%d bytes) is neither a bzImage nor an ELF file".formatted(kernel, file.sizeBytes()));
    }
  }

  /** End of the RAM below 4 GiB: a boot loader uses nothing above. */
  static long lowRamEnd(GuestMemory memory) {
    return Math.min(memory.sizeBytes(), GuestMemory.LOW_LIMIT);
  }
}
