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

  /** {@code nextUsed} when the driver's wish for an interrupt was last looked at. */
  private short toldUsed;

  private boolean eventIndex;
  private boolean indirect;

  Virtqueue(GuestMemory memory, int maxSize) {
    this.memory = memory;
    this.maxSize = maxSize;
    this.chain = new DescriptorChain(memory, maxSize);
  }

  int maxSize() {
    return maxSize;
  }

  boolean ready() {
    return ready;
  }

  void features(boolean withEventIndex, boolean withIndirect) {
    eventIndex = withEventIndex;
    indirect = withIndirect;
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
    if (ready) {
      return;
    }
    check(size, desc, avail, used);
    nextAvail = 0;
    nextUsed = 0;
    toldUsed = 0;
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
    features(false, false);
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
    toldUsed = nextUsed;
  }

  /**
   * Whether the driver has made a request available.
   *
   * @return false also while the queue is not enabled; the driver then notifies the next one
   */
  public boolean hasNext() {
    return pending() || ready && awaitNext();
  }

  private boolean pending() {
    if (!ready) {
      return false;
    }
    int ahead = Short.toUnsignedInt((short) (availableIndex() - nextAvail));
    if (ahead > size) {
      throw new GuestFaultException("available index is " + ahead + " ahead in a queue of " + size);
    }
    return ahead != 0;
  }

  /** Asks for a notification of the next request, and looks once more lest it be missed. */
  private boolean awaitNext() {
    return eventIndex && notifyAfter(nextAvail) && pending();
  }

  /**
   * Asks the driver to notify when it makes more available than it has by an index; without event
   * indexes it always does.
   *
   * @param index as {@link #availableIndex} gives it
   * @return true
   */
  public boolean notifyAfter(short index) {
    if (ready && eventIndex) {
      memory.putShort(usedEntry(size), index);
      VarHandle.fullFence();
    }
    return true;
  }

  private long usedEntry(int slot) {
    return used + Virtio.RING_HEADER_BYTES + (long) slot * Virtio.USED_ELEM_BYTES;
  }

  private long availEntry(int slot) {
    return avail + Virtio.RING_HEADER_BYTES + slot * 2L;
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
      int head = Short.toUnsignedInt(memory.getShort(availEntry(slot)));
      chain.begin(head);
      walk(desc, size, head, indirect);
      nextAvail++;
      return chain;
    } catch (GuestMemoryException e) {
      throw new GuestFaultException(e.getMessage());
    }
  }

  private void walk(long table, int entries, int first, boolean mayBeIndirect) {
    int index = first;
    for (int links = 0; ; links++) {
      if (links == entries) {
        throw new GuestFaultException("descriptor chain longer than its table: a loop");
      }
      if (index >= entries) {
        throw new GuestFaultException("descriptor " + index + " in a table of " + entries);
      }
      long at = table + (long) index * Virtio.DESC_BYTES;
      long gpa = memory.getLong(at);
      int length = memory.getInt(at + 8);
      int flags = memory.getShort(at + 12);
      if ((flags & Virtio.DESC_F_INDIRECT) != 0) {
        if (!mayBeIndirect || (flags & Virtio.DESC_F_NEXT) != 0) {
          throw new GuestFaultException("indirect descriptor where none may be");
        }
        walkIndirect(gpa, Integer.toUnsignedLong(length));
        return;
      }
      chain.add(gpa, length, (flags & Virtio.DESC_F_WRITE) != 0);
      if ((flags & Virtio.DESC_F_NEXT) == 0) {
        return;
      }
      index = Short.toUnsignedInt(memory.getShort(at + 14));
    }
  }

  private void walkIndirect(long table, long bytes) {
    long entries = bytes / Virtio.DESC_BYTES;
    if (entries < 1 || entries > 0x1_0000 || bytes % Virtio.DESC_BYTES != 0) {
      throw new GuestFaultException("indirect table of " + bytes + " bytes");
    }
    walk(table, (int) entries, 0, false);
  }

  /**
   * Gives a request back to the driver.
   *
   * @param done the chain {@link #next} returned last
   * @param written bytes written into it
   */
  public void complete(DescriptorChain done, long written) {
    long at = usedEntry(Short.toUnsignedInt(nextUsed) & size - 1);
    memory.putInt(at, done.head());
    memory.putInt(at + 4, (int) written);
    nextUsed++;
    memory.putShortRelease(used + 2, nextUsed);
  }

  /**
   * Whether the driver wants to hear of the buffers used since the last call.
   *
   * @return false also if there were none
   */
  boolean takeInterruptWish() {
    short before = toldUsed;
    if (!ready || before == nextUsed) {
      return false;
    }
    toldUsed = nextUsed;
    // The used index must be visible before the wish is read, or both sides could wait.
    VarHandle.fullFence();
    if (!eventIndex) {
      return (memory.getShortAcquire(avail) & Virtio.AVAIL_F_NO_INTERRUPT) == 0;
    }
    short event = memory.getShortAcquire(availEntry(size));
    int behindEvent = Short.toUnsignedInt((short) (nextUsed - event - 1));
    return behindEvent < Short.toUnsignedInt((short) (nextUsed - before));
  }
}
