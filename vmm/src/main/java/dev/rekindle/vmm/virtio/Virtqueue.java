package dev.rekindle.vmm.virtio;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.memory.GuestMemoryException;
import java.lang.invoke.VarHandle;

/**
 * A split virtqueue, the device's side (virtio 1.2, section 2.7). Thread: the owner of the device's
 * lock.
 */
public final class Virtqueue {
  private final GuestMemory memory;
  private final int maxSize;
  private final DescriptorChain chain;
  private int size;
  private boolean ready;
  private long desc;
  private long avail;
  private long used;
  private short nextAvail;
  private short nextUsed;

  Virtqueue(GuestMemory memory, int maxSize) {
    this.memory = memory;
    this.maxSize = maxSize;
    this.chain = new DescriptorChain(memory);
  }

  int maxSize() {
    return maxSize;
  }

  boolean ready() {
    return ready;
  }

  void setSize(int value) {
    if (!ready) {
      size = value;
    }
  }

  void setDesc(long value) {
    desc = ready ? desc : value;
  }

  void setAvail(long value) {
    avail = ready ? avail : value;
  }

  void setUsed(long value) {
    used = ready ? used : value;
  }

  long desc() {
    return desc;
  }

  long avail() {
    return avail;
  }

  long used() {
    return used;
  }

  void enable() {
    check(size, desc, avail, used);
    ready = true;
  }

  void disable() {
    ready = false;
  }

  private void check(int entries, long descGpa, long availGpa, long usedGpa) {
    if (entries < 1 || entries > maxSize || Integer.bitCount(entries) != 1) {
      throw new GuestFaultException(
          "queue size must be a power of two in [1, " + maxSize + "], got " + entries);
    }
    boolean aligned = (descGpa & 15) == 0 && (availGpa & 1) == 0 && (usedGpa & 3) == 0;
    boolean inside =
        memory.contains(descGpa, (long) entries * Virtio.DESC_BYTES)
            && memory.contains(availGpa, Virtio.RING_HEADER_BYTES + entries * 2L + 2)
            && memory.contains(
                usedGpa, Virtio.RING_HEADER_BYTES + (long) entries * Virtio.USED_ELEM_BYTES + 2);
    if (!aligned || !inside) {
      throw new GuestFaultException(
          "queue areas outside of memory or not aligned: 0x%x, 0x%x, 0x%x"
              .formatted(descGpa, availGpa, usedGpa));
    }
  }

  void reset() {
    restore(QueueState.RESET);
  }

  QueueState capture() {
    return new QueueState(size, ready, desc, avail, used, nextAvail, nextUsed);
  }

  void restore(QueueState state) {
    if (state.ready()) {
      check(state.size(), state.descGpa(), state.availGpa(), state.usedGpa());
    }
    size = state.size();
    ready = state.ready();
    desc = state.descGpa();
    avail = state.availGpa();
    used = state.usedGpa();
    nextAvail = state.nextAvail();
    nextUsed = state.nextUsed();
  }

  /**
   * Whether the driver has made a request available.
   *
   * @return false also while the queue is not enabled
   */
  public boolean hasNext() {
    if (!ready) {
      return false;
    }
    short index = memory.getShortAcquire(avail + 2);
    int pending = Short.toUnsignedInt((short) (index - nextAvail));
    if (pending > size) {
      throw new GuestFaultException(
          "available index is " + pending + " ahead in a queue of " + size);
    }
    return pending != 0;
  }

  /**
   * @return the driver's running count of requests made available, modulo 2^16
   */
  public short availableIndex() {
    return ready ? memory.getShortAcquire(avail + 2) : 0;
  }

  /**
   * Takes the next request.
   *
   * @return valid until the next call; null if there is none
   * @throws GuestFaultException if the chain is broken
   */
  public DescriptorChain next() {
    try {
      if (!hasNext()) {
        return null;
      }
      int slot = Short.toUnsignedInt(nextAvail) & size - 1;
      int head = Short.toUnsignedInt(memory.getShort(avail + Virtio.RING_HEADER_BYTES + slot * 2L));
      walk(head);
      nextAvail++;
      return chain;
    } catch (GuestMemoryException e) {
      throw new GuestFaultException(e.getMessage());
    }
  }

  private void walk(int head) {
    chain.begin(head);
    int index = head;
    for (int links = 0; ; links++) {
      if (links == size) {
        throw new GuestFaultException("descriptor chain longer than its queue: a loop");
      }
      if (index >= size) {
        throw new GuestFaultException("descriptor " + index + " in a queue of " + size);
      }
      long at = desc + (long) index * Virtio.DESC_BYTES;
      long gpa = memory.getLong(at);
      int length = memory.getInt(at + 8);
      int flags = memory.getShort(at + 12);
      if ((flags & Virtio.DESC_F_INDIRECT) != 0) {
        throw new GuestFaultException("indirect descriptor, which was not offered");
      }
      chain.add(gpa, length, (flags & Virtio.DESC_F_WRITE) != 0);
      if ((flags & Virtio.DESC_F_NEXT) == 0) {
        return;
      }
      index = Short.toUnsignedInt(memory.getShort(at + 14));
    }
  }

  /**
   * Gives a request back to the driver.
   *
   * @param done the chain {@link #next} returned last
   * @param written bytes written into it
   */
  public void complete(DescriptorChain done, long written) {
    int slot = Short.toUnsignedInt(nextUsed) & size - 1;
    long at = used + Virtio.RING_HEADER_BYTES + (long) slot * Virtio.USED_ELEM_BYTES;
    memory.putInt(at, done.head());
    memory.putInt(at + 4, (int) written);
    nextUsed++;
    memory.putShortRelease(used + 2, nextUsed);
  }

  /**
   * @return whether the driver wants to hear of used buffers
   */
  public boolean wantsInterrupt() {
    // The used index must be visible before the flag is read, or both sides could wait.
    VarHandle.fullFence();
    return (memory.getShortAcquire(avail) & Virtio.AVAIL_F_NO_INTERRUPT) == 0;
  }
}
