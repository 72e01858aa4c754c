package dev.rekindle.snapshotter.format;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;

/** Takes a section's payload apart; no length in it is believed beyond what is left. */
public final class PayloadReader {
  private final String label;
  private final ByteBuffer in;

  /**
   * @param section whose payload is read
   */
  public PayloadReader(Section section) {
    label = section.label();
    in = ByteBuffer.wrap(section.payload()).order(ByteOrder.LITTLE_ENDIAN);
  }

  /**
   * @return in [0, 255]
   * @throws SnapshotException {@code section_invalid} at the end of the payload
   */
  public int u8() throws SnapshotException {
    need(1);
    return Byte.toUnsignedInt(in.get());
  }

  /**
   * @return in [0, 65535]
   * @throws SnapshotException {@code section_invalid} at the end of the payload
   */
  public int u16() throws SnapshotException {
    need(2);
    return Short.toUnsignedInt(in.getShort());
  }

  /**
   * @return 32 bits
   * @throws SnapshotException {@code section_invalid} at the end of the payload
   */
  public int u32() throws SnapshotException {
    need(4);
    return in.getInt();
  }

  /**
   * @return 64 bits
   * @throws SnapshotException {@code section_invalid} at the end of the payload
   */
  public long u64() throws SnapshotException {
    need(8);
    return in.getLong();
  }

  /**
   * @return the bytes behind a length
   * @throws SnapshotException {@code section_invalid} if the length is more than is left
   */
  public byte[] bytes() throws SnapshotException {
    byte[] value = new byte[count(1)];
    in.get(value);
    return value;
  }

  /**
   * @return the UTF-8 text behind a length
   * @throws SnapshotException {@code section_invalid} if the length is more than is left, or no
   *     UTF-8
   */
  public String string() throws SnapshotException {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes())).toString();
    } catch (CharacterCodingException e) {
      throw new SnapshotException(SnapshotError.SECTION_INVALID, label + ": text is no UTF-8", e);
    }
  }

  /**
   * The count in front of a list.
   *
   * @param minimumElementBytes the least an element takes
   * @return a count that what is left can hold
   * @throws SnapshotException {@code section_invalid} if it is more
   */
  public int count(int minimumElementBytes) throws SnapshotException {
    long count = Integer.toUnsignedLong(u32());
    if (count * minimumElementBytes > in.remaining()) {
      throw invalid("says " + count + " elements, " + in.remaining() + " bytes are left");
    }
    return (int) count;
  }

  /**
   * @throws SnapshotException {@code section_invalid} if not all was read
   */
  public void end() throws SnapshotException {
    if (in.hasRemaining()) {
      throw invalid(in.remaining() + " bytes too many");
    }
  }

  /**
   * @param detail what is wrong with a value just read
   * @return to be thrown
   */
  public SnapshotException invalid(String detail) {
    return new SnapshotException(SnapshotError.SECTION_INVALID, label + ": " + detail);
  }

  private void need(int bytes) throws SnapshotException {
    if (in.remaining() < bytes) {
      throw invalid("cut off");
    }
  }
}
