package dev.rekindle.snapshotter.template;

import java.nio.file.Path;

/**
 * All a recipe's guest boots from, in one directory whose name is the digest of what it was made
 * of. The files never change.
 *
 * @param kernel bzImage or ELF vmlinux
 * @param initramfs cpio archive with the agent and the modules it loads
 * @param rootfs image for the first block device, read-only
 * @param digest name of the directory under {@code <state>/images}
 * @param kernelArgs what the agent needs on the kernel's command line
 */
public record PreparedImages(
    Path kernel, Path initramfs, Path rootfs, String digest, String kernelArgs) {
  static final String KERNEL = "kernel";
  static final String INITRAMFS = "initramfs.cpio";

  /** Name of the root image in its directory. */
  public static final String ROOTFS = "rootfs.img";

  private static final String KERNEL_ARGS = "rekindle.root=/dev/vda rekindle.rootfstype=erofs";

  static PreparedImages in(Path images, String digest) {
    Path directory = images.resolve(digest);
    return new PreparedImages(
        directory.resolve(KERNEL),
        directory.resolve(INITRAMFS),
        directory.resolve(ROOTFS),
        digest,
        KERNEL_ARGS);
  }
}
