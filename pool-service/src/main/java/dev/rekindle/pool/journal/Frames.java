package dev.rekindle.pool.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Records in their frames, {@code docs/lease-journal.md}, "Frames": length, checksum, sequence,
 * payload.
 */
final class Frames {
  /** Of a frame without its payload. */
  static final int OVERHEAD_BYTES = 16;

  /** The longest frame. */
  static final int MAX_BYTES = OVERHEAD_BYTES + RecordCodec.MAX_PAYLOAD_BYTES;

  private static final int CHECKSUM_AT = 4;
  private static final int SEQUENCE_AT = 8;

  private Frames() {}

  /**
   * What was read.
   *
   * @param records in their order
   * @param trustedFrom index of the first record behind the last damage; 0 without damage
   * @param damage where bytes between records could not be read, for people; empty without
   */
  record Scan(List<LeaseRecord> records, int trustedFrom, String damage) {}

  /**
   * Puts one frame into a little-endian buffer with room for {@value #MAX_BYTES}.
   *
   * @param salt of the file
   * @param sequence of the record in the file, from 0
   */
  static void write(LeaseRecord record, long salt, long sequence, ByteBuffer out) {
    int start = out.position();
    out.position(start + OVERHEAD_BYTES);
    RecordCodec.encode(record, out);
    out.putInt(start, out.position() - start - OVERHEAD_BYTES);
    out.putLong(start + SEQUENCE_AT, sequence);
    out.putInt(
        start + CHECKSUM_AT, checksum(out, salt, start, out.position() - start - OVERHEAD_BYTES));
  }

  /**
   * Reads all frames of a file. It ends at the first bytes that are none, unless a frame that must
   * have been written later follows them: then they are damage.
   */
  static Scan scan(ByteBuffer bytes, long salt) {
    ByteBuffer file = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
    List<LeaseRecord> records = new ArrayList<>();
    int trustedFrom = 0;
    StringBuilder damage = new StringBuilder();
    int at = JournalHeader.BYTES;
    long sequence = 0;
    while (true) {
      int length = isFrame(file, salt, at, sequence, sequence) ? file.getInt(at) : -1;
      LeaseRecord record = length < 0 ? null : decode(file, at + OVERHEAD_BYTES, length);
      if (record != null) {
        records.add(record);
        at += OVERHEAD_BYTES + length;
        sequence++;
        continue;
      }
      int next = findLater(file, salt, at + 1, sequence);
      if (next < 0) {
        return new Scan(records, trustedFrom, damage.toString());
      }
      damage.append(damage.isEmpty() ? "" : ", ").append("bytes ").append(at).append(" to ");
      damage.append(next - 1);
      trustedFrom = records.size();
      at = next;
      sequence = file.getLong(at + SEQUENCE_AT);
    }
  }

  /** The first frame from there on whose number comes after those that fit in between. */
  private static int findLater(ByteBuffer file, long salt, int from, long missing) {
    for (int at = from; at + OVERHEAD_BYTES < file.limit(); at++) {
      long most = missing + (at - from + 1) / (OVERHEAD_BYTES + 1) + 1;
      if (isFrame(file, salt, at, missing + 1, most)) {
        return at;
      }
    }
    return -1;
  }

  private static boolean isFrame(
      ByteBuffer file, long salt, int at, long minSequence, long maxSequence) {
    if (at + OVERHEAD_BYTES >= file.limit()) {
      return false;
    }
    int length = file.getInt(at);
    long sequence = file.getLong(at + SEQUENCE_AT);
    return length > 0
        && length <= RecordCodec.MAX_PAYLOAD_BYTES
        && length <= file.limit() - at - OVERHEAD_BYTES
        && sequence >= minSequence
        && sequence <= maxSequence
        && file.getInt(at + CHECKSUM_AT) == checksum(file, salt, at, length);
  }

  private static LeaseRecord decode(ByteBuffer file, int at, int length) {
    try {
      return RecordCodec.decode(file.slice(at, length).order(ByteOrder.LITTLE_ENDIAN));
    } catch (FormatException e) {
      return null;
    }
  }

  private static int checksum(ByteBuffer file, long salt, int at, int length) {
    CRC32C crc = new CRC32C();
    crc.update(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(0, salt));
    crc.update(file.duplicate().position(at).limit(at + CHECKSUM_AT));
    crc.update(file.duplicate().position(at + SEQUENCE_AT).limit(at + OVERHEAD_BYTES + length));
    return (int) crc.getValue();
  }
}
