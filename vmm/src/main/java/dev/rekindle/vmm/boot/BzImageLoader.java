package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.abi.boot.SetupHeader;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;

/**
 * Loads a bzImage for its 64-bit entry (boot protocol 2.12 and later). The compressed kernel at 1
 * MiB unpacks itself to its preferred address or, with KASLR, to where e820 has room.
 */
final class BzImageLoader {
  /** {@code initrd_addr_max} of a header that says 0: the lowest any protocol had. */
  private static final long DEFAULT_INITRD_ADDR_MAX = 0x37FF_FFFFL;

  private BzImageLoader() {}

  static LoadedKernel load(BootFile file, byte[] start, GuestMemory memory) {
    SetupHeaderBytes header = header(file, start);
    int setupSects = header.u8("setup_sects");
    long codeOffset =
        (setupSects == 0 ? SetupHeader.DEFAULT_SETUP_SECTS + 1 : setupSects + 1)
            * (long) SetupHeader.SECTOR_BYTES;
    long codeBytes = header.u32("syssize") * SetupHeader.SYSSIZE_UNIT_BYTES;
    if (codeBytes <= SetupHeader.ENTRY_64_OFFSET) {
      throw malformed(file, "syssize leaves no room for the entry: " + codeBytes);
    }
    if (codeOffset + codeBytes > file.sizeBytes()) {
      throw new BootException(
          BootErrorCode.KERNEL_TRUNCATED,
          "%s has %d bytes, its header announces %d"
              .formatted(file.path(), file.sizeBytes(), codeOffset + codeBytes));
    }
    long endGpa = unpackedEnd(file, header, codeBytes);
    long lowRamEnd = KernelLoader.lowRamEnd(memory);
    if (endGpa > lowRamEnd) {
      throw new BootException(
          BootErrorCode.KERNEL_TOO_LARGE,
          "%s needs memory up to 0x%x to unpack, there is memory up to 0x%x"
              .formatted(file.path(), endGpa, lowRamEnd));
    }
    file.readInto(codeOffset, memory, AddressMap.KERNEL, codeBytes);
    long addrMax = header.u32("initrd_addr_max");
    long cmdlineSize = header.u32("cmdline_size");
    return new LoadedKernel(
        BootProtocol.LINUX_64,
        AddressMap.KERNEL + SetupHeader.ENTRY_64_OFFSET,
        endGpa,
        Math.min(lowRamEnd, (addrMax == 0 ? DEFAULT_INITRD_ADDR_MAX : addrMax) + 1),
        (int) Math.min(cmdlineSize, AddressMap.COMMAND_LINE_MAX_BYTES - 1L),
        header);
  }

  private static SetupHeaderBytes header(BootFile file, byte[] start) {
    int end = SetupHeader.LENGTH_BASE + (start[SetupHeader.LENGTH_OFFSET] & 0xFF);
    int xloadflagsEnd = SetupHeader.FILE_OFFSET + SetupHeader.offsetOf("xloadflags") + 2;
    if (end > start.length) {
      throw new BootException(
          BootErrorCode.KERNEL_TRUNCATED,
          "%s ends inside its setup header, at %d of %d".formatted(file.path(), start.length, end));
    }
    SetupHeaderBytes header = SetupHeaderBytes.of(start, end - SetupHeader.FILE_OFFSET);
    if (header.u16("boot_flag") != SetupHeader.BOOT_FLAG_MAGIC) {
      throw malformed(file, "boot_flag is 0x%x".formatted(header.u16("boot_flag")));
    }
    int version = header.u16("version");
    if (version < SetupHeader.VERSION_2_12 || end < xloadflagsEnd) {
      throw unsupported(
          file, "boot protocol is 0x%04x, 2.12 or later is needed".formatted(version));
    }
    if ((header.u16("xloadflags") & SetupHeader.XLF_KERNEL_64) == 0) {
      throw unsupported(file, "no 64-bit entry; is it a 32-bit kernel?");
    }
    if ((header.u8("loadflags") & SetupHeader.LOADED_HIGH) == 0) {
      throw unsupported(file, "a zImage, loaded below 1 MiB");
    }
    return header;
  }

  /**
   * End of what the kernel unpacks itself to, as head_64.S computes it: from the load address
   * rounded up to {@code kernel_alignment} where relocatable, but never below {@code pref_address},
   * {@code init_size} bytes.
   */
  private static long unpackedEnd(BootFile file, SetupHeaderBytes header, long codeBytes) {
    long preferred = header.u64("pref_address");
    long initBytes = header.u32("init_size");
    long alignment = header.u32("kernel_alignment");
    if (preferred < 0 || preferred > GuestMemory.LOW_LIMIT) {
      throw malformed(file, "pref_address is 0x%x".formatted(preferred));
    }
    if (Long.bitCount(alignment) != 1) {
      throw malformed(file, "kernel_alignment is 0x%x".formatted(alignment));
    }
    if (initBytes == 0) {
      throw malformed(file, "init_size is 0");
    }
    long aligned = (AddressMap.KERNEL + alignment - 1) & -alignment;
    return Math.max(Math.max(aligned, preferred) + initBytes, AddressMap.KERNEL + codeBytes);
  }

  private static BootException malformed(BootFile file, String what) {
    return new BootException(BootErrorCode.KERNEL_MALFORMED, file.path() + ": " + what);
  }

  private static BootException unsupported(BootFile file, String what) {
    return new BootException(BootErrorCode.KERNEL_UNSUPPORTED, file.path() + ": " + what);
  }
}
