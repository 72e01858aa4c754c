package dev.rekindle.vmm.virtio;

import dev.rekindle.vmm.memory.GuestMemory;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * One request of the driver: readable parts first, then writable ones. Reused by its queue for the
 * next request; valid until then.
 */
public final class DescriptorChain {
  private final GuestMemory memory;
  private final int maxParts;
  private long[] gpas = new long[8];
  private int[] lengths = new int[8];
  private int count;
  private int readableParts;
  private long readableBytes;
  private long writableBytes;
  private int head;

  DescriptorChain(GuestMemory memory, int maxParts) {
    this.memory = memory;
    this.maxParts = maxParts;
  }

  void begin(int newHead) {
    head = newHead;
    count = 0;
    readableParts = 0;
    readableBytes = 0;
    writableBytes = 0;
  }

  void add(long gpa, int length, boolean writable) {
    long bytes = Integer.toUnsignedLong(length);
    if (count == maxParts) {
      throw new GuestFaultException("descriptor chain of more than " + maxParts + " parts");
    }
    if (!memory.contains(gpa, bytes)) {
      throw new GuestFaultException(
          "descriptor outside of memory: gpa 0x%x, %d bytes".formatted(gpa, bytes));
    }
    if (bytes > Integer.MAX_VALUE) {
      throw new GuestFaultException("descriptor too long: " + bytes + " bytes");
    }
    if (writable) {
      writableBytes += bytes;
    } else if (count > readableParts) {
      throw new GuestFaultException("readable descriptor behind a writable one");
    } else {
      readableParts++;
      readableBytes += bytes;
    }
    if (count == gpas.length) {
      gpas = Arrays.copyOf(gpas, count * 2);
      lengths = Arrays.copyOf(lengths, count * 2);
    }
    gpas[count] = gpa;
    lengths[count++] = length;
  }

  int head() {
    return head;
  }

  /**
   * @return bytes the driver gave to read
   */
  public long readableBytes() {
    return readableBytes;
  }

  /**
   * @return bytes the driver gave to write
   */
  public long writableBytes() {
    return writableBytes;
  }

  /** Takes part of a request's memory, a piece at a time. */
  @FunctionalInterface
  public interface PartConsumer {
    /**
     * @param part guest memory
     */
    void accept(MemorySegment part);
  }

  /**
   * Visits readable memory in order.
   *
   * @param from bytes to leave out at the start
   * @param length bytes to visit
   * @param consumer gets the pieces
   */
  public void forEachReadable(long from, long length, PartConsumer consumer) {
    visit(0, readableParts, from, length, consumer);
  }

  /**
   * Visits writable memory in order.
   *
   * @param from bytes to leave out at the start
   * @param length bytes to visit
   * @param consumer gets the pieces
   */
  public void forEachWritable(long from, long length, PartConsumer consumer) {
    visit(readableParts, count, from, length, consumer);
  }

  private void visit(int first, int end, long from, long length, PartConsumer consumer) {
    long skip = from;
    long left = length;
    for (int i = first; i < end && left > 0; i++) {
      long size = lengths[i];
      if (skip >= size) {
        skip -= size;
        continue;
      }
      long take = Math.min(size - skip, left);
      consumer.accept(memory.slice(gpas[i] + skip, take));
      skip = 0;
      left -= take;
    }
    if (left > 0) {
      throw new GuestFaultException("request is " + left + " bytes short");
    }
  }

  /**
   * Copies readable memory.
   *
   * @param from bytes to leave out at the start
   * @param target filled whole
   */
  public void readInto(long from, MemorySegment target) {
    copy(0, readableParts, from, target, false);
  }

  /**
   * Copies into writable memory.
   *
   * @param from bytes to leave out at the start
   * @param source copied whole
   */
  public void writeFrom(long from, MemorySegment source) {
    copy(readableParts, count, from, source, true);
  }

  private void copy(int first, int end, long from, MemorySegment host, boolean toGuest) {
    long skip = from;
    long done = 0;
    for (int i = first; i < end && done < host.byteSize(); i++) {
      long size = lengths[i];
      if (skip >= size) {
        skip -= size;
        continue;
      }
      long take = Math.min(size - skip, host.byteSize() - done);
      MemorySegment guest = memory.slice(gpas[i] + skip, take);
      if (toGuest) {
        MemorySegment.copy(host, done, guest, 0, take);
      } else {
        MemorySegment.copy(guest, 0, host, done, take);
      }
      skip = 0;
      done += take;
    }
    if (done < host.byteSize()) {
      throw new GuestFaultException("request is " + (host.byteSize() - done) + " bytes short");
    }
  }
}
