package dev.rekindle.pool.jail;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** Takes memory outside of the heap, as guests' is, until it is stopped. */
final class MemoryHogMain {
  private MemoryHogMain() {}

  /**
   * @param args ignored
   */
  public static void main(String... args) {
    List<ByteBuffer> taken = new ArrayList<>();
    while (taken.size() < 4096) {
      ByteBuffer more = ByteBuffer.allocateDirect(1 << 20);
      for (int i = 0; i < more.capacity(); i += 4096) {
        more.put(i, (byte) 1);
      }
      taken.add(more);
    }
  }
}
