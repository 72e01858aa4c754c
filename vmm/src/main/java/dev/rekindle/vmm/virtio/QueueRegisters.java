package dev.rekindle.vmm.virtio;

import dev.rekindle.vmm.abi.virtio.VirtioMmio;

/** The registers of the selected queue, and 64-bit registers written in halves. */
final class QueueRegisters {
  private QueueRegisters() {}

  /**
   * @param driven whether the driver runs; what is set up then stays as it is until the reset
   * @throws GuestFaultException if a queue is put to use that cannot be
   */
  static void write(Virtqueue queue, int offset, int value, boolean driven) {
    if (offset == VirtioMmio.QUEUE_READY && (value & 1) == 0) {
      queue.disable();
      return;
    }
    if (driven) {
      return;
    }
    switch (offset) {
      case VirtioMmio.QUEUE_NUM -> queue.setSize(value);
      case VirtioMmio.QUEUE_READY -> queue.enable();
      case VirtioMmio.QUEUE_DESC_LOW -> queue.setDesc(low(queue.desc(), value));
      case VirtioMmio.QUEUE_DESC_HIGH -> queue.setDesc(high(queue.desc(), value));
      case VirtioMmio.QUEUE_AVAIL_LOW -> queue.setAvail(low(queue.avail(), value));
      case VirtioMmio.QUEUE_AVAIL_HIGH -> queue.setAvail(high(queue.avail(), value));
      case VirtioMmio.QUEUE_USED_LOW -> queue.setUsed(low(queue.used(), value));
      case VirtioMmio.QUEUE_USED_HIGH -> queue.setUsed(high(queue.used(), value));
      default -> {
        // Read-only or reserved.
      }
    }
  }

  static long low(long whole, int value) {
    return whole & 0xFFFF_FFFF_0000_0000L | Integer.toUnsignedLong(value);
  }

  static long high(long whole, int value) {
    return whole & 0xFFFF_FFFFL | (long) value << 32;
  }
}
