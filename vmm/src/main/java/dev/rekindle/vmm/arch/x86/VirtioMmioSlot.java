package dev.rekindle.vmm.arch.x86;

/**
 * Where the guest finds a virtio device.
 *
 * @param base gpa of its register window, page-aligned, below 4 GiB
 * @param length of the window, bytes
 * @param gsi its interrupt line on the IOAPIC, edge-triggered, active high
 */
public record VirtioMmioSlot(long base, int length, int gsi) {
  /** Lines of KVM's IOAPIC. */
  private static final int IOAPIC_LINES = 24;

  /** Checks the parts. */
  public VirtioMmioSlot {
    if (base <= 0 || (base & 0xFFF) != 0 || base > 0xFFFF_F000L) {
      throw new IllegalArgumentException(
          "base must be a page below 4 GiB, got 0x%x".formatted(base));
    }
    if (length <= 0 || base + length > 1L << 32) {
      throw new IllegalArgumentException("length must end below 4 GiB, got " + length);
    }
    if (gsi < 0 || gsi >= IOAPIC_LINES) {
      throw new IllegalArgumentException("gsi must be in [0, 23], got " + gsi);
    }
  }

  /**
   * @param index of the device, {@code [0, MAX_VIRTIO_DEVICES)}
   * @return the slot that the address map gives it
   */
  public static VirtioMmioSlot of(int index) {
    if (index < 0 || index >= AddressMap.MAX_VIRTIO_DEVICES) {
      throw new IllegalArgumentException(
          "index must be in [0, %d), got %d".formatted(AddressMap.MAX_VIRTIO_DEVICES, index));
    }
    return new VirtioMmioSlot(
        AddressMap.virtioMmio(index), AddressMap.VIRTIO_MMIO_WINDOW, AddressMap.virtioGsi(index));
  }
}
