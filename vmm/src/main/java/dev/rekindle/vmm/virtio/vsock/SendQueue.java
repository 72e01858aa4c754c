package dev.rekindle.vmm.virtio.vsock;

import dev.rekindle.vmm.virtio.DescriptorChain;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;

/** Bytes on their way to the guest, and how many it grants. Guarded by the device's lock. */
final class SendQueue {
  private final Deque<byte[]> chunks = new ArrayDeque<>();
  private int offset;

  /** Read without the lock too. */
  private volatile int queuedBytes;

  private int peerBufAlloc;
  private int peerFwdCnt;
  private int sentCount;

  void add(byte[] data) {
    chunks.add(data);
    queuedBytes = Math.addExact(queuedBytes, data.length);
  }

  int queuedBytes() {
    return queuedBytes;
  }

  boolean isEmpty() {
    return chunks.isEmpty();
  }

  void clear() {
    chunks.clear();
    offset = 0;
    queuedBytes = 0;
  }

  void credit(int bufAlloc, int fwdCnt) {
    peerBufAlloc = bufAlloc;
    peerFwdCnt = fwdCnt;
  }

  /** Bytes the guest has room for; counters are modulo 2^32. */
  long credit() {
    long inFlight = Integer.toUnsignedLong(sentCount - peerFwdCnt);
    return Math.max(0, Integer.toUnsignedLong(peerBufAlloc) - inFlight);
  }

  /**
   * Moves bytes into the guest's buffer.
   *
   * @param at where in it
   * @param length no more than is queued and granted
   */
  void moveTo(DescriptorChain chain, long at, int length) {
    int done = 0;
    while (done < length) {
      byte[] first = chunks.peek();
      int part = Math.min(first.length - offset, length - done);
      chain.writeFrom(at + done, MemorySegment.ofArray(first).asSlice(offset, part));
      done += part;
      offset += part;
      if (offset == first.length) {
        chunks.poll();
        offset = 0;
      }
    }
    sentCount += length;
    // One writer; others only look.
    int left = queuedBytes - length;
    queuedBytes = left;
  }
}
