package dev.rekindle.vmm.boot;

import java.util.Objects;
import java.util.Optional;

/**
 * What a kernel is told when it starts, whichever protocol tells it.
 *
 * @param commandLine its arguments
 * @param initramfs already in guest memory
 * @param rsdpGpa ACPI's root pointer
 * @param rngSeed for its random pool; empty for none. Only the 64-bit protocol can pass it.
 */
public record BootInputs(
    KernelCommandLine commandLine, Optional<Initramfs> initramfs, long rsdpGpa, RngSeed rngSeed) {
  /** Checks the parts. */
  public BootInputs {
    Objects.requireNonNull(commandLine, "commandLine");
    Objects.requireNonNull(initramfs, "initramfs");
    Objects.requireNonNull(rngSeed, "rngSeed");
  }
}
