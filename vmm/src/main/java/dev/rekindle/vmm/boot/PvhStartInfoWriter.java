package dev.rekindle.vmm.boot;

import static dev.rekindle.vmm.abi.boot.HvmStartInfo.offsetOf;

import dev.rekindle.vmm.abi.boot.HvmStartInfo;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import java.util.List;

/** Writes {@code struct hvm_start_info}, its module list and memory map, all in one page. */
final class PvhStartInfoWriter {
  private static final long INFO = AddressMap.PVH_START_INFO;
  private static final long MODULES = INFO + 64;
  private static final long MEMORY_MAP = MODULES + HvmStartInfo.MODLIST_ENTRY.byteSize();

  private PvhStartInfoWriter() {}

  /**
   * @param memory of the guest, kernel and initramfs already in it
   * @param kernel as loaded
   * @param inputs what the kernel is told; the seed cannot be passed
   */
  static void write(GuestMemory memory, LoadedKernel kernel, BootInputs inputs) {
    BootParamsWriter.writeCommandLine(memory, kernel, inputs.commandLine());
    memory.slice(INFO, 4096).fill((byte) 0);
    memory.putInt(INFO + offsetOf("magic"), HvmStartInfo.XEN_HVM_START_MAGIC_VALUE);
    memory.putInt(INFO + offsetOf("version"), HvmStartInfo.VERSION);
    memory.putLong(INFO + offsetOf("cmdline_paddr"), AddressMap.COMMAND_LINE);
    memory.putLong(INFO + offsetOf("rsdp_paddr"), inputs.rsdpGpa());
    inputs
        .initramfs()
        .ifPresent(initramfs -> {
          memory.putInt(INFO + offsetOf("nr_modules"), 1);
          memory.putLong(INFO + offsetOf("modlist_paddr"), MODULES);
          memory.putLong(MODULES, initramfs.gpa());
          memory.putLong(MODULES + 8, initramfs.sizeBytes());
        });
    List<E820Entry> map = E820Entry.of(memory);
    memory.putLong(INFO + offsetOf("memmap_paddr"), MEMORY_MAP);
    memory.putInt(INFO + offsetOf("memmap_entries"), map.size());
    long at = MEMORY_MAP;
    for (E820Entry entry : map) {
      memory.putLong(at, entry.gpa());
      memory.putLong(at + 8, entry.sizeBytes());
      memory.putInt(at + 16, entry.type());
      at += HvmStartInfo.MEMMAP_ENTRY.byteSize();
    }
  }
}
