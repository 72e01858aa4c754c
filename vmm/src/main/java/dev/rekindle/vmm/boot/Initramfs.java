package dev.rekindle.vmm.boot;

import dev.rekindle.vmm.arch.x86.AddressMap;
import dev.rekindle.vmm.memory.GuestMemory;
import java.nio.file.Path;

/**
 * An initramfs in guest memory, at the top of what the kernel can reach, so that the kernel, which
 * unpacks itself from below, never meets it.
 *
 * @param gpa first byte, page-aligned: the kernel frees it by the page
 * @param sizeBytes as in the file
 */
public record Initramfs(long gpa, long sizeBytes) {
  private static final long PAGE_BYTES = 4096;

  /**
   * @param file cpio archive, compressed or not
   * @param memory to load into
   * @param kernel already loaded
   * @return where it is
   * @throws BootException {@code initramfs.*}
   */
  public static Initramfs load(Path file, GuestMemory memory, LoadedKernel kernel) {
    try (BootFile open = BootFile.open(file, BootErrorCode.INITRAMFS_UNREADABLE)) {
      long size = open.sizeBytes();
      if (size == 0) {
        throw new BootException(BootErrorCode.INITRAMFS_EMPTY, file + " has no bytes");
      }
      long floor = Math.max(kernel.endGpa(), AddressMap.KERNEL);
      long gpa = (kernel.initramfsLimitGpa() - size) & -PAGE_BYTES;
      if (gpa < floor) {
        throw new BootException(
            BootErrorCode.INITRAMFS_TOO_LARGE,
            "%s has %d bytes; between the kernel's end 0x%x and 0x%x there are %d"
                .formatted(
                    file,
                    size,
                    floor,
                    kernel.initramfsLimitGpa(),
                    Math.max(0, kernel.initramfsLimitGpa() - floor)));
      }
      open.readInto(0, memory, gpa, size);
      return new Initramfs(gpa, size);
    }
  }
}
