package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.arch.x86.AcpiTables;
import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.arch.x86.VirtioMmioSlot;
import dev.rekindle.vmm.memory.GuestMemory;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** Everything a Linux guest needs in its memory before its boot processor runs, in one call. */
public final class LinuxBoot {
  /**
   * What to boot, on what.
   *
   * @param kernel bzImage or vmlinux
   * @param initramfs cpio archive, compressed or not
   * @param commandLine the whole of it, see {@link KernelCommandLine#defaults()}
   * @param rngSeed for the kernel's random pool
   * @param vcpuCount processors that ACPI lists
   * @param virtioDevices windows and interrupt lines that ACPI lists
   */
  public record Request(
      Path kernel,
      Optional<Path> initramfs,
      KernelCommandLine commandLine,
      RngSeed rngSeed,
      int vcpuCount,
      List<VirtioMmioSlot> virtioDevices) {
    /** Checks the parts. */
    public Request {
      Objects.requireNonNull(kernel, "kernel");
      Objects.requireNonNull(initramfs, "initramfs");
      Objects.requireNonNull(commandLine, "commandLine");
      Objects.requireNonNull(rngSeed, "rngSeed");
      virtioDevices = List.copyOf(virtioDevices);
    }
  }

  private LinuxBoot() {}

  /**
   * Loads kernel and initramfs and writes ACPI tables, boot information, descriptors and page
   * tables.
   *
   * @param request what to boot
   * @param memory zeroed guest memory; the 16 bytes at {@code AddressMap.VM_GENERATION_ID} are the
   *     caller's to write
   * @return the boot processor's registers
   * @throws BootException if anything does not fit; guest memory is then to be thrown away
   */
  public static BootCpuState prepare(Request request, GuestMemory memory) {
    LoadedKernel kernel = KernelLoader.load(request.kernel(), memory);
    Optional<Initramfs> initramfs =
        request.initramfs().map(file -> Initramfs.load(file, memory, kernel));
    AcpiTables.write(memory, request.vcpuCount(), request.virtioDevices());
    BootInputs inputs =
        new BootInputs(request.commandLine(), initramfs, AddressMap.ACPI_TABLES, request.rngSeed());
    switch (kernel.protocol()) {
      case LINUX_64 -> BootParamsWriter.write(memory, kernel, inputs);
      case PVH -> PvhStartInfoWriter.write(memory, kernel, inputs);
    }
    return BootCpuState.write(memory, kernel);
  }
}
