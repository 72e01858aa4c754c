package dev.rekindle.snapshotter.index;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/** What somebody can do who knows the format and has no key. */
final class Forgery {
  private Forgery() {}

  static byte[] withRightChecksum(byte[] value) {
    CRC32C crc = new CRC32C();
    crc.update(value, 0, 20);
    crc.update(value, 24, value.length - 24);
    byte[] forged = value.clone();
    ByteBuffer.wrap(forged).order(ByteOrder.LITTLE_ENDIAN).putInt(20, (int) crc.getValue());
    return forged;
  }
}
