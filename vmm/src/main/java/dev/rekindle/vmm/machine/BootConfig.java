package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.boot.KernelCommandLine;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What to boot.
 *
 * @param kernel bzImage or vmlinux
 * @param initramfs cpio archive
 * @param commandLine the whole of it
 * @param disks one for each block slot of the shape, in order
 */
public record BootConfig(
    Path kernel, Optional<Path> initramfs, KernelCommandLine commandLine, List<Disk> disks) {
  /** Takes a copy of the list. */
  public BootConfig {
    disks = List.copyOf(disks);
  }
}
