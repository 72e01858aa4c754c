package dev.rekindle.vmm.serial;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntConsumer;

/** The last bytes a guest wrote to its console. Thread: any. */
public final class ConsoleTail {
  /** How much is kept, bytes. */
  public static final int CAPACITY = 64 * 1024;

  private static final int FIRST_BYTES = 1024;

  /** Grows with what is written, up to the capacity: most machines write little or nothing. */
  private byte[] ring = new byte[0];

  private long total;
  private IntConsumer follower = _ -> {};

  /**
   * @param b the next byte
   */
  public synchronized void append(byte b) {
    int at = (int) (total++ % CAPACITY);
    if (at >= ring.length) {
      ring = Arrays.copyOf(ring, Math.min(CAPACITY, Math.max(FIRST_BYTES, 2 * ring.length)));
    }
    ring[at] = b;
    follower.accept(Byte.toUnsignedInt(b));
  }

  /**
   * Tells of every byte from now on, until {@link #clear}; who was told before is no more.
   *
   * @param listener called on the thread that writes, a vCPU's, with the byte in {@code [0, 255]};
   *     must be quick and must not throw, or the guest's access fails
   */
  public synchronized void follow(IntConsumer listener) {
    follower = listener;
  }

  /**
   * @return all bytes ever written
   */
  public synchronized long totalBytes() {
    return total;
  }

  /**
   * @return what is kept, oldest first; bytes that are not UTF-8 are replaced
   */
  public String text() {
    return text(CAPACITY);
  }

  /**
   * @param maxBytes how much at most
   * @return the newest of what is kept
   */
  public synchronized String text(int maxBytes) {
    int length = (int) Math.min(Math.min(total, CAPACITY), maxBytes);
    byte[] bytes = new byte[length];
    for (int i = 0; i < length; i++) {
      bytes[i] = ring[(int) ((total - length + i) % CAPACITY)];
    }
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Forgets everything, for the next guest; who followed this one is told nothing more. */
  public synchronized void clear() {
    Arrays.fill(ring, 0, (int) Math.min(total, CAPACITY), (byte) 0);
    total = 0;
    follower = _ -> {};
  }
}
