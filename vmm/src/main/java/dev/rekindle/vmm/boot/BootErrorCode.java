package dev.rekindle.vmm.boot;

/** Why a guest cannot be booted; the codes are part of the HTTP interface and never change. */
public enum BootErrorCode {
  /** The kernel file is missing, no regular file or cannot be read. */
  KERNEL_UNREADABLE("kernel.unreadable"),
  /** Neither a bzImage nor an ELF file. */
  KERNEL_NOT_A_KERNEL("kernel.not_a_kernel"),
  /** A kernel, but not one for this machine or boot protocol. */
  KERNEL_UNSUPPORTED("kernel.unsupported"),
  /** The file ends before what its headers announce. */
  KERNEL_TRUNCATED("kernel.truncated"),
  /** Headers that contradict themselves. */
  KERNEL_MALFORMED("kernel.malformed"),
  /** The kernel does not fit into the guest's memory. */
  KERNEL_TOO_LARGE("kernel.too_large"),
  /** The initramfs file is missing, no regular file or cannot be read. */
  INITRAMFS_UNREADABLE("initramfs.unreadable"),
  /** The initramfs has no bytes. */
  INITRAMFS_EMPTY("initramfs.empty"),
  /** The initramfs does not fit into the guest's memory beside the kernel. */
  INITRAMFS_TOO_LARGE("initramfs.too_large"),
  /** A command line that is too long or has characters a kernel cannot take. */
  COMMAND_LINE_INVALID("command_line.invalid"),
  /** The guest has too little memory for what every boot needs. */
  MEMORY_TOO_SMALL("memory.too_small");

  private final String code;

  BootErrorCode(String code) {
    this.code = code;
  }

  /**
   * @return the stable text, dotted
   */
  public String code() {
    return code;
  }
}
