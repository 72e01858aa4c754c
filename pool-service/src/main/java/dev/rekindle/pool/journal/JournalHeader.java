package dev.rekindle.pool.journal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.UUID;
import java.util.zip.CRC32C;

/**
 * The first {@value #BYTES} bytes of a journal file.
 *
 * @param epoch counts the files written; the highest is the one that counts
 * @param salt random; part of every checksum of the file, so that what was in it before is no
 *     record
 * @param bootId of the machine's boot it was written in
 * @param createdMillis wall time, milliseconds since 1970
 */
record JournalHeader(long epoch, long salt, UUID bootId, long createdMillis) {
  static final int BYTES = 64;
  static final int VERSION = 1;

  /** {@code RKLEASEJ}, read as a little-endian number. */
  private static final long MAGIC = 0x4A45534145_4C4B52L;

  private static final int CHECKSUM_AT = BYTES - Integer.BYTES;

  ByteBuffer encode() {
    ByteBuffer out = ByteBuffer.allocate(BYTES).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(MAGIC).putInt(VERSION).putInt(BYTES).putLong(epoch).putLong(salt);
    out.putLong(bootId.getMostSignificantBits()).putLong(bootId.getLeastSignificantBits());
    out.putLong(createdMillis);
    out.putInt(CHECKSUM_AT, checksum(out));
    return out.position(0);
  }

  /**
   * @param file from its first byte; not moved
   * @throws FormatException naming what is wrong
   */
  static JournalHeader decode(ByteBuffer file) throws FormatException {
    ByteBuffer in = file.duplicate().order(ByteOrder.LITTLE_ENDIAN).position(0);
    if (in.remaining() < BYTES) {
      throw new FormatException("a header has " + BYTES + " bytes, got " + in.remaining());
    }
    if (in.getLong() != MAGIC) {
      throw new FormatException("it does not begin as a journal of leases");
    }
    if (in.getInt(CHECKSUM_AT) != checksum(in)) {
      throw new FormatException("the header's checksum is wrong");
    }
    int version = in.getInt();
    int bytes = in.getInt();
    if (version != VERSION || bytes != BYTES) {
      throw new FormatException(
          "version " + version + " with a header of " + bytes + " bytes; known is " + VERSION);
    }
    long epoch = in.getLong();
    long salt = in.getLong();
    UUID bootId = new UUID(in.getLong(), in.getLong());
    return new JournalHeader(epoch, salt, bootId, in.getLong());
  }

  private static int checksum(ByteBuffer header) {
    CRC32C crc = new CRC32C();
    crc.update(header.duplicate().position(0).limit(CHECKSUM_AT));
    return (int) crc.getValue();
  }
}
