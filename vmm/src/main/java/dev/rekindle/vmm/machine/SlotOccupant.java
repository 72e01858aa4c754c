package dev.rekindle.vmm.machine;

import dev.rekindle.vmm.bus.BusDevice;
import java.lang.foreign.MemorySegment;

/** What a device slot of a shell holds at the moment. */
interface SlotOccupant extends BusDevice {
  /** Offset of the register {@code QueueNotify} in a virtio-mmio window. */
  long QUEUE_NOTIFY_OFFSET = 0x50;

  /** Nothing: reads give zeroes, so a driver finds no device. */
  SlotOccupant EMPTY =
      new SlotOccupant() {
        @Override
        public void queueNotified(int queue) {
          // A notification that was on its way when the occupant left.
        }

        @Override
        public void read(long offset, MemorySegment data) {
          data.fill((byte) 0);
        }

        @Override
        public void write(long offset, MemorySegment data) {
          // Nobody is there; the write is lost.
        }
      };

  /**
   * The guest notified a queue. Called on the device loop.
   *
   * @param queue index
   */
  void queueNotified(int queue);
}
