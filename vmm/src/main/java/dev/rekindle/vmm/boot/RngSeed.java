package dev.rekindle.vmm.boot;

import java.util.Arrays;

/** Random bytes for a booting kernel; never logged. Immutable. */
public final class RngSeed {
  /** Passes no seed. */
  public static final RngSeed NONE = new RngSeed(new byte[0]);

  /** Longest seed; the kernel's pool holds 32 bytes. */
  public static final int MAX_BYTES = 64;

  private final byte[] bytes;

  private RngSeed(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * @param bytes from a cryptographic generator, at most {@link #MAX_BYTES}; copied
   * @return the seed
   */
  public static RngSeed of(byte[] bytes) {
    if (bytes.length > MAX_BYTES) {
      throw new IllegalArgumentException(
          "seed must have at most " + MAX_BYTES + " bytes, got " + bytes.length);
    }
    return new RngSeed(bytes.clone());
  }

  int lengthBytes() {
    return bytes.length;
  }

  byte[] bytes() {
    return bytes.clone();
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof RngSeed seed && Arrays.equals(bytes, seed.bytes);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(bytes);
  }

  @Override
  public String toString() {
    return "RngSeed[" + bytes.length + " bytes]";
  }
}
