package dev.rekindle.snapshotter.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/** Builds a section's payload, little-endian. */
public final class PayloadWriter {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  /** An empty payload. */
  public PayloadWriter() {}

  /**
   * @param value its low 8 bits are written
   * @return this
   */
  public PayloadWriter u8(int value) {
    out.write(value);
    return this;
  }

  /**
   * @param value its low 16 bits are written
   * @return this
   */
  public PayloadWriter u16(int value) {
    return u8(value).u8(value >>> 8);
  }

  /**
   * @param value all 32 bits are written
   * @return this
   */
  public PayloadWriter u32(int value) {
    return u16(value).u16(value >>> 16);
  }

  /**
   * @param value all 64 bits are written
   * @return this
   */
  public PayloadWriter u64(long value) {
    return u32((int) value).u32((int) (value >>> 32));
  }

  /**
   * @param value written with its length before it
   * @return this
   */
  public PayloadWriter bytes(byte[] value) {
    u32(value.length);
    out.writeBytes(value);
    return this;
  }

  /**
   * @param value written in UTF-8 with its length in bytes before it
   * @return this
   */
  public PayloadWriter string(String value) {
    return bytes(value.getBytes(UTF_8));
  }

  /**
   * @return the payload so far
   */
  public byte[] toBytes() {
    return out.toByteArray();
  }
}
