package dev.rekindle.vmm.boot;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.rekindle.vmm.abi.boot.SetupHeader;
import java.lang.foreign.MemorySegment;

/**
 * One kernel's {@code struct setup_header}. A header of an older protocol is shorter than the
 * struct; what it lacks reads as 0. Immutable.
 */
public final class SetupHeaderBytes {
  private final MemorySegment segment;
  private final int lengthBytes;

  private SetupHeaderBytes(byte[] struct, int lengthBytes) {
    this.segment = MemorySegment.ofArray(struct).asReadOnly();
    this.lengthBytes = lengthBytes;
  }

  /**
   * @param fileStart first bytes of a bzImage, long enough for its header
   * @param lengthBytes of the header, as the file announces it
   */
  static SetupHeaderBytes of(byte[] fileStart, int lengthBytes) {
    int known = Math.min(lengthBytes, (int) SetupHeader.LAYOUT.byteSize());
    byte[] struct = new byte[(int) SetupHeader.LAYOUT.byteSize()];
    System.arraycopy(fileStart, SetupHeader.FILE_OFFSET, struct, 0, known);
    return new SetupHeaderBytes(struct, known);
  }

  /** A header that only says that it is one: what the 64-bit entry of a vmlinux looks at. */
  static SetupHeaderBytes minimal() {
    byte[] struct = new byte[(int) SetupHeader.LAYOUT.byteSize()];
    MemorySegment s = MemorySegment.ofArray(struct);
    s.set(
        JAVA_SHORT_UNALIGNED,
        SetupHeader.offsetOf("boot_flag"),
        (short) SetupHeader.BOOT_FLAG_MAGIC);
    s.set(JAVA_INT_UNALIGNED, SetupHeader.offsetOf("header"), SetupHeader.HEADER_MAGIC);
    s.set(JAVA_SHORT_UNALIGNED, SetupHeader.offsetOf("version"), (short) SetupHeader.VERSION_2_12);
    s.set(JAVA_BYTE, SetupHeader.offsetOf("loadflags"), (byte) SetupHeader.LOADED_HIGH);
    return new SetupHeaderBytes(struct, struct.length);
  }

  /** Bytes of the header that the kernel knows. */
  int lengthBytes() {
    return lengthBytes;
  }

  MemorySegment segment() {
    return segment.asSlice(0, lengthBytes);
  }

  int u8(String field) {
    return segment.get(JAVA_BYTE, SetupHeader.offsetOf(field)) & 0xFF;
  }

  int u16(String field) {
    return segment.get(JAVA_SHORT_UNALIGNED, SetupHeader.offsetOf(field)) & 0xFFFF;
  }

  long u32(String field) {
    return segment.get(JAVA_INT_UNALIGNED, SetupHeader.offsetOf(field)) & 0xFFFF_FFFFL;
  }

  long u64(String field) {
    return segment.get(JAVA_LONG_UNALIGNED, SetupHeader.offsetOf(field));
  }
}
