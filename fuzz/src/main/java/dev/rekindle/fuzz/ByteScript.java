package dev.rekindle.fuzz;

import java.util.Arrays;

/** An input read as numbers; past its end all of them are 0. */
public final class ByteScript {
  private final byte[] bytes;
  private int at;

  /**
   * @param bytes the input; not copied
   */
  public ByteScript(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * @return whether there is more
   */
  public boolean hasNext() {
    return at < bytes.length;
  }

  /**
   * @return in [0, 255]
   */
  public int u8() {
    return at < bytes.length ? Byte.toUnsignedInt(bytes[at++]) : 0;
  }

  /**
   * @return in [0, 65535]
   */
  public int u16() {
    return u8() | u8() << 8;
  }

  /**
   * @return any
   */
  public int i32() {
    return u16() | u16() << 16;
  }

  /**
   * @return any
   */
  public long i64() {
    return Integer.toUnsignedLong(i32()) | (long) i32() << 32;
  }

  /**
   * @param length at most
   * @return so many, fewer at the end
   */
  public byte[] bytes(int length) {
    byte[] part = Arrays.copyOfRange(bytes, at, Math.min(bytes.length, at + length));
    at += part.length;
    return part;
  }

  /**
   * @return what is left
   */
  public byte[] rest() {
    return bytes(bytes.length - at);
  }
}
