package dev.rekindle.vmm.boot;

import static dev.rekindle.vmm.abi.boot.SetupHeader.offsetOf;

import dev.rekindle.vmm.abi.boot.BootParams;
import dev.rekindle.vmm.abi.boot.SetupHeader;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import java.util.List;

/**
 * Writes the zero page, the command line and the setup data of the 64-bit boot protocol ({@code
 * Documentation/arch/x86/boot.rst}, {@code zero-page.rst}).
 */
final class BootParamsWriter {
  private static final long HEADER = AddressMap.ZERO_PAGE + SetupHeader.FILE_OFFSET;

  private BootParamsWriter() {}

  /**
   * @param memory of the guest, kernel and initramfs already in it
   * @param kernel as loaded
   * @param inputs what the kernel is told
   */
  static void write(GuestMemory memory, LoadedKernel kernel, BootInputs inputs) {
    writeCommandLine(memory, kernel, inputs.commandLine());
    // Cleared, because a loader that leaves its own bytes here looks "clumsy" to the kernel
    // (sentinel); then only the setup header is taken from the file.
    memory.slice(AddressMap.ZERO_PAGE, BootParams.SIZE_BYTES).fill((byte) 0);
    memory.write(HEADER, kernel.setupHeader().segment());
    memory.putByte(HEADER + offsetOf("type_of_loader"), (byte) SetupHeader.LOADER_UNDEFINED);
    memory.putInt(HEADER + offsetOf("code32_start"), (int) AddressMap.KERNEL);
    memory.putInt(HEADER + offsetOf("cmd_line_ptr"), (int) AddressMap.COMMAND_LINE);
    inputs
        .initramfs()
        .ifPresent(initramfs -> {
          memory.putInt(HEADER + offsetOf("ramdisk_image"), (int) initramfs.gpa());
          memory.putInt(HEADER + offsetOf("ramdisk_size"), (int) initramfs.sizeBytes());
        });
    memory.putLong(AddressMap.ZERO_PAGE + BootParams.offsetOf("acpi_rsdp_addr"), inputs.rsdpGpa());
    writeE820(memory);
    writeSeed(memory, inputs.rngSeed());
  }

  static void writeCommandLine(GuestMemory memory, LoadedKernel kernel, KernelCommandLine line) {
    byte[] bytes = line.nulTerminated();
    if (bytes.length - 1 > kernel.commandLineMaxBytes()) {
      throw new BootException(
          BootErrorCode.COMMAND_LINE_INVALID,
          "this kernel takes a command line of %d bytes, got %d"
              .formatted(kernel.commandLineMaxBytes(), bytes.length - 1));
    }
    memory.write(AddressMap.COMMAND_LINE, bytes, 0, bytes.length);
  }

  private static void writeE820(GuestMemory memory) {
    List<E820Entry> map = E820Entry.of(memory);
    long at = AddressMap.ZERO_PAGE + BootParams.offsetOf("e820_table");
    for (E820Entry entry : map) {
      memory.putLong(at, entry.gpa());
      memory.putLong(at + 8, entry.sizeBytes());
      memory.putInt(at + 16, entry.type());
      at += BootParams.E820_ENTRY.byteSize();
    }
    memory.putByte(AddressMap.ZERO_PAGE + BootParams.offsetOf("e820_entries"), (byte) map.size());
  }

  private static void writeSeed(GuestMemory memory, RngSeed seed) {
    if (seed.lengthBytes() == 0) {
      memory.putLong(HEADER + offsetOf("setup_data"), 0);
      return;
    }
    memory.putLong(AddressMap.SETUP_DATA, 0);
    memory.putInt(AddressMap.SETUP_DATA + 8, BootParams.SETUP_RNG_SEED);
    memory.putInt(AddressMap.SETUP_DATA + 12, seed.lengthBytes());
    memory.write(
        AddressMap.SETUP_DATA + BootParams.SETUP_DATA.byteSize(),
        seed.bytes(),
        0,
        seed.lengthBytes());
    memory.putLong(HEADER + offsetOf("setup_data"), AddressMap.SETUP_DATA);
  }
}
