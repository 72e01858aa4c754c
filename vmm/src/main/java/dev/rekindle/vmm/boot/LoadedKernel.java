package dev.rekindle.vmm.boot;

import java.util.Objects;

/**
 * A kernel in guest memory.
 *
 * @param protocol how it is entered
 * @param entryGpa first instruction
 * @param endGpa end of the memory it needs before its own allocator works; nothing else may lie
 *     between {@code AddressMap.KERNEL} and here
 * @param initramfsLimitGpa an initramfs must end at or below
 * @param commandLineMaxBytes longest command line, without the NUL
 * @param setupHeader {@code struct setup_header} as the file has it; a minimal one for ELF
 */
public record LoadedKernel(
    BootProtocol protocol,
    long entryGpa,
    long endGpa,
    long initramfsLimitGpa,
    int commandLineMaxBytes,
    SetupHeaderBytes setupHeader) {
  /** Checks the parts. */
  public LoadedKernel {
    Objects.requireNonNull(protocol, "protocol");
    Objects.requireNonNull(setupHeader, "setupHeader");
    if (entryGpa < 0 || entryGpa >= endGpa) {
      throw new IllegalArgumentException(
          "entryGpa must be in [0, endGpa), got 0x%x, 0x%x".formatted(entryGpa, endGpa));
    }
  }
}
