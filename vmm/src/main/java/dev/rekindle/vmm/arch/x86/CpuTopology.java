package dev.rekindle.vmm.arch.x86;

/**
 * Which processor of how many: one package, one thread a core, APIC ids counted from 0.
 *
 * @param vcpuIndex also the APIC id
 * @param vcpuCount processors of the VM, {@code [1, 255]}
 */
record CpuTopology(int vcpuIndex, int vcpuCount) {
  CpuTopology {
    if (vcpuCount < 1 || vcpuCount > AcpiTables.MAX_VCPUS) {
      throw new IllegalArgumentException(
          "vcpuCount must be in [1, " + AcpiTables.MAX_VCPUS + "], got " + vcpuCount);
    }
    if (vcpuIndex < 0 || vcpuIndex >= vcpuCount) {
      throw new IllegalArgumentException(
          "vcpuIndex must be in [0, " + vcpuCount + "), got " + vcpuIndex);
    }
  }

  int apicId() {
    return vcpuIndex;
  }

  /** Bits of an APIC id that number the cores of the package. */
  int coreBits() {
    return 32 - Integer.numberOfLeadingZeros(vcpuCount - 1);
  }

  /** APIC ids reserved for the package, a power of two. */
  int addressableCores() {
    return 1 << coreBits();
  }
}
