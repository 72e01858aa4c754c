package dev.rekindle.vmm.bus;

import java.lang.foreign.MemorySegment;

/** Registers that a guest reads and writes. Called on vCPU threads, several at a time. */
public interface BusDevice {
  /**
   * @param offset from the start of the device's window
   * @param data to fill, 1 to 8 bytes, little-endian
   */
  void read(long offset, MemorySegment data);

  /**
   * @param offset from the start of the device's window
   * @param data what the guest wrote, 1 to 8 bytes, little-endian
   */
  void write(long offset, MemorySegment data);
}
