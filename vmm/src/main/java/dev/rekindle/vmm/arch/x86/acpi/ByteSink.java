package dev.rekindle.vmm.arch.x86.acpi;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Collects little-endian numbers and text. */
public final class ByteSink {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  public ByteSink u8(int value) {
    out.write(value);
    return this;
  }

  public ByteSink u16(int value) {
    return u8(value).u8(value >>> 8);
  }

  public ByteSink u32(long value) {
    return u16((int) value).u16((int) (value >>> 16));
  }

  public ByteSink u64(long value) {
    return u32(value).u32(value >>> 32);
  }

  public ByteSink bytes(byte[] value) {
    out.writeBytes(value);
    return this;
  }

  /** ASCII, without a NUL. */
  public ByteSink ascii(String value) {
    return bytes(value.getBytes(StandardCharsets.US_ASCII));
  }

  public ByteSink zeros(int count) {
    return bytes(new byte[count]);
  }

  public int size() {
    return out.size();
  }

  public byte[] toBytes() {
    return out.toByteArray();
  }
}
