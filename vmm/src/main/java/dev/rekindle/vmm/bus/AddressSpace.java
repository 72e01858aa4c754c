package dev.rekindle.vmm.bus;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Devices by address. Lookups take no lock: the table is replaced as a whole when a device is
 * mapped. Thread: any.
 */
abstract sealed class AddressSpace permits MmioBus, PioBus {
  private record Window(long base, long length, BusDevice device) {}

  private volatile Window[] windows = {};

  /**
   * Places a device.
   *
   * @param base its first address
   * @param length bytes
   * @param device answers there
   * @throws IllegalArgumentException if it overlaps another
   */
  public final synchronized void map(long base, long length, BusDevice device) {
    for (Window w : windows) {
      if (base < w.base + w.length && w.base < base + length) {
        throw new IllegalArgumentException(
            "window 0x%x+0x%x overlaps 0x%x+0x%x".formatted(base, length, w.base, w.length));
      }
    }
    Window[] more = Arrays.copyOf(windows, windows.length + 1);
    more[windows.length] = new Window(base, length, device);
    windows = more;
  }

  /**
   * @param address where the guest reads
   * @param data to fill
   * @return false if no device has the whole range
   */
  public final boolean read(long address, MemorySegment data) {
    Window w = find(address, data.byteSize());
    if (w == null) {
      return false;
    }
    w.device.read(address - w.base, data);
    return true;
  }

  /**
   * @param address where the guest writes
   * @param data what it writes
   * @return false if no device has the whole range
   */
  public final boolean write(long address, MemorySegment data) {
    Window w = find(address, data.byteSize());
    if (w == null) {
      return false;
    }
    w.device.write(address - w.base, data);
    return true;
  }

  private Window find(long address, long length) {
    for (Window w : windows) {
      if (address >= w.base && address - w.base <= w.length - length) {
        return w;
      }
    }
    return null;
  }
}
