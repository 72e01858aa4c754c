package dev.rekindle.snapshotter.format;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.zip.CRC32C;

/** The bytes of state.bin: header and sections, without regard to what the sections mean. */
public final class StateFile {
  static final int HEADER_BYTES = 32;
  static final int SECTION_HEADER_BYTES = 16;
  static final long MAGIC = 0x0A0D_5041_4E53_4B52L;
  static final int FLAG_REQUIRED = 1;
  private static final int OFFSET_MAJOR = 8;
  private static final int OFFSET_COUNT = 12;
  private static final int OFFSET_LENGTH = 16;
  private static final int OFFSET_BODY_CRC = 24;
  private static final int OFFSET_HEADER_CRC = 28;

  private StateFile() {}

  /**
   * @param sections in the order they are to stand
   * @return the whole file
   * @throws IllegalArgumentException beyond the format's caps, or a tag and index twice
   */
  public static byte[] encode(List<Section> sections) {
    long total = HEADER_BYTES;
    Set<String> labels = new HashSet<>();
    for (Section section : sections) {
      total += SECTION_HEADER_BYTES + padded(section.payload().length);
      if (!labels.add(section.label())) {
        throw new IllegalArgumentException("section " + section.label() + " twice");
      }
    }
    if (sections.size() > SnapshotFormat.MAX_SECTIONS || total > SnapshotFormat.MAX_STATE_BYTES) {
      throw new IllegalArgumentException(
          "state too large: " + sections.size() + " sections, " + total + " bytes");
    }
    ByteBuffer out = ByteBuffer.allocate((int) total).order(ByteOrder.LITTLE_ENDIAN);
    out.position(HEADER_BYTES);
    for (Section section : sections) {
      out.putInt(section.tagWord());
      out.putShort((short) (section.required() ? FLAG_REQUIRED : 0));
      out.putShort((short) section.index());
      out.putInt(section.payload().length).putInt(0);
      out.put(section.payload());
      out.position((int) padded(out.position()));
    }
    out.putLong(0, MAGIC);
    out.putShort(OFFSET_MAJOR, (short) SnapshotFormat.MAJOR);
    out.putShort(OFFSET_MAJOR + 2, (short) SnapshotFormat.MINOR);
    out.putInt(OFFSET_COUNT, sections.size());
    out.putLong(OFFSET_LENGTH, total);
    byte[] bytes = out.array();
    out.putInt(OFFSET_BODY_CRC, crc(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES));
    out.putInt(OFFSET_HEADER_CRC, crc(bytes, 0, OFFSET_HEADER_CRC));
    return bytes;
  }

  /**
   * @param bytes the whole file, trusted in nothing
   * @return its sections in their order
   * @throws SnapshotException {@code truncated}, {@code bad_magic}, {@code checksum_mismatch},
   *     {@code version_unsupported}, {@code size_mismatch} or {@code section_invalid}
   */
  public static List<Section> decode(byte[] bytes) throws SnapshotException {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int count = checkHeader(in);
    List<Section> sections = new ArrayList<>(count);
    Set<String> labels = new HashSet<>();
    in.position(HEADER_BYTES);
    for (int i = 0; i < count; i++) {
      Section section = readSection(in);
      if (!labels.add(section.label())) {
        throw invalid("section " + section.label() + " twice");
      }
      sections.add(section);
    }
    if (in.hasRemaining()) {
      throw invalid(in.remaining() + " bytes after the last section");
    }
    return List.copyOf(sections);
  }

  private static int checkHeader(ByteBuffer in) throws SnapshotException {
    byte[] bytes = in.array();
    if (bytes.length < HEADER_BYTES) {
      throw new SnapshotException(
          SnapshotError.TRUNCATED,
          "state.bin has " + bytes.length + " bytes, its header alone needs " + HEADER_BYTES);
    }
    if (in.getLong(0) != MAGIC) {
      throw new SnapshotException(
          SnapshotError.BAD_MAGIC, "state.bin begins with " + Long.toHexString(in.getLong(0)));
    }
    if (in.getInt(OFFSET_HEADER_CRC) != crc(bytes, 0, OFFSET_HEADER_CRC)) {
      throw new SnapshotException(SnapshotError.CHECKSUM_MISMATCH, "header of state.bin");
    }
    checkVersion("state.bin", Short.toUnsignedInt(in.getShort(OFFSET_MAJOR)));
    long length = in.getLong(OFFSET_LENGTH);
    if (bytes.length != length) {
      throw new SnapshotException(
          bytes.length < length ? SnapshotError.TRUNCATED : SnapshotError.SIZE_MISMATCH,
          "state.bin has " + bytes.length + " bytes, its header says " + length);
    }
    if (in.getInt(OFFSET_BODY_CRC) != crc(bytes, HEADER_BYTES, bytes.length - HEADER_BYTES)) {
      throw new SnapshotException(SnapshotError.CHECKSUM_MISMATCH, "sections of state.bin");
    }
    int count = in.getInt(OFFSET_COUNT);
    if (count < 0 || count > SnapshotFormat.MAX_SECTIONS) {
      throw invalid("state.bin says it has " + Integer.toUnsignedString(count) + " sections");
    }
    return count;
  }

  static void checkVersion(String file, int major) throws SnapshotException {
    if (major != SnapshotFormat.MAJOR) {
      throw new SnapshotException(
          SnapshotError.VERSION_UNSUPPORTED,
          file + " is of version " + major + ", this program reads " + SnapshotFormat.MAJOR);
    }
  }

  private static Section readSection(ByteBuffer in) throws SnapshotException {
    if (in.remaining() < SECTION_HEADER_BYTES) {
      throw invalid("a section's header is cut off");
    }
    String tag = Section.tagOf(in.getInt());
    int flags = Short.toUnsignedInt(in.getShort());
    int index = Short.toUnsignedInt(in.getShort());
    int length = in.getInt();
    int zero = in.getInt();
    if (!Section.isTag(tag) || (flags & ~FLAG_REQUIRED) != 0 || zero != 0) {
      throw invalid("a section's header is malformed");
    }
    if (length < 0
        || length > SnapshotFormat.MAX_SECTION_BYTES
        || padded(length) > in.remaining()) {
      throw invalid(
          "section "
              + tag
              + " says "
              + Integer.toUnsignedString(length)
              + " bytes, there are "
              + in.remaining());
    }
    byte[] payload = new byte[length];
    in.get(payload);
    while (in.position() % 8 != 0) {
      if (in.get() != 0) {
        throw invalid("section " + tag + " is not padded with zeros");
      }
    }
    return new Section(tag, index, (flags & FLAG_REQUIRED) != 0, payload);
  }

  static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  private static long padded(long length) {
    return (length + 7) & -8L;
  }

  private static SnapshotException invalid(String detail) {
    return new SnapshotException(SnapshotError.SECTION_INVALID, detail);
  }
}
