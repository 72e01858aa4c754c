package dev.rekindle.snapshotter.index;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.rekindle.snapshotter.format.PayloadReader;
import dev.rekindle.snapshotter.format.PayloadWriter;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where in a Chronicle Map of one segment its parts lie. The service reads it once from the header
 * that Chronicle wrote and signs it; whoever maps the file believes the signature, not the file.
 * Follows the data store's layout in Chronicle Map's {@code spec/3-memory-layout.md}.
 *
 * @param fileBytes the file has at least these
 * @param headerOffset of the segment's header: lock, count of entries, next tier
 * @param lookupOffset of the hash lookup
 * @param lookupSlots of 4 or 8 bytes
 * @param slotBytes 4 or 8
 * @param keyBits the lower bits of a slot, which hold a part of a key's hash; the rest is a chunk
 * @param entriesOffset of the first chunk
 * @param chunkBytes size of one
 * @param chunks how many there are
 */
record MapGeometry(
    long fileBytes,
    long headerOffset,
    long lookupOffset,
    int lookupSlots,
    int slotBytes,
    int keyBits,
    long entriesOffset,
    int chunkBytes,
    int chunks) {
  private static final long MAX_FILE_BYTES = 1L << 30;
  private static final int MAX_HEADER_BYTES = 64 << 10;
  private static final int COUNTERS_BYTES = 64;

  /** Of the global mutable state: u32 with the offset of the segment headers. */
  private static final int HEADERS_OFFSET_FIELD = 21;

  /** Checks that every part lies in the file. */
  MapGeometry {
    boolean plausible =
        fileBytes > 0
            && fileBytes <= MAX_FILE_BYTES
            && (slotBytes == 4 || slotBytes == 8)
            && keyBits > 0
            && keyBits < 8 * slotBytes
            && lookupSlots > 0
            && chunkBytes > 0
            && chunks > 0
            && headerOffset >= 0
            && headerOffset + 32 <= lookupOffset
            && lookupOffset + (long) lookupSlots * slotBytes <= entriesOffset
            && entriesOffset + (long) chunkBytes * chunks <= fileBytes;
    if (!plausible) {
      throw new IllegalArgumentException("no map has this geometry");
    }
  }

  /**
   * Reads the header of a map that this process has just made.
   *
   * @throws IndexException {@code unavailable} if it is laid out in another way than we know
   * @throws IOException if the file cannot be read
   */
  static MapGeometry of(Path map) throws IndexException, IOException {
    try (FileChannel channel = FileChannel.open(map, StandardOpenOption.READ)) {
      ByteBuffer start = ByteBuffer.allocate(MAX_HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
      int count = 0;
      while (start.hasRemaining() && count >= 0) {
        count = channel.read(start, start.position());
      }
      int textBytes = start.getInt(8) & 0x3FFF_FFFF;
      if (12 + textBytes + COUNTERS_BYTES > start.position()) {
        throw unknown("a header of " + textBytes + " bytes");
      }
      String text = new String(start.array(), 12, textBytes, ISO_8859_1);
      if (field(text, "actualSegments") != 1 || field(text, "tierEntrySpaceInnerOffset") != 0) {
        throw unknown("more than one segment");
      }
      int state = (12 + textBytes + 63) & -64;
      long header = Integer.toUnsignedLong(start.getInt(state + HEADERS_OFFSET_FIELD));
      long tier = header + field(text, "segmentHeaderSize");
      long entries =
          tier
              + field(text, "tierHashLookupOuterSize")
              + COUNTERS_BYTES
              + field(text, "tierFreeListOuterSize");
      return new MapGeometry(
          channel.size(),
          header,
          tier,
          (int) field(text, "tierHashLookupCapacity"),
          (int) field(text, "tierHashLookupSlotSize"),
          (int) field(text, "tierHashLookupKeyBits"),
          entries,
          (int) field(text, "chunkSize"),
          (int) field(text, "actualChunksPerSegmentTier"));
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
      throw new IndexException(IndexError.UNAVAILABLE, "the map's header: " + e.getMessage(), e);
    }
  }

  private static long field(String text, String name) throws IndexException {
    Matcher matcher = Pattern.compile("\\b" + name + ": (\\d{1,18})\\b").matcher(text);
    if (!matcher.find()) {
      throw unknown("no " + name);
    }
    return Long.parseLong(matcher.group(1));
  }

  private static IndexException unknown(String what) {
    return new IndexException(
        IndexError.UNAVAILABLE, "this Chronicle Map lays its file out in another way: " + what);
  }

  void write(PayloadWriter out) {
    out.u64(fileBytes).u64(headerOffset).u64(lookupOffset).u32(lookupSlots).u32(slotBytes);
    out.u32(keyBits).u64(entriesOffset).u32(chunkBytes).u32(chunks);
  }

  static MapGeometry read(PayloadReader in) throws SnapshotException {
    return new MapGeometry(
        in.u64(), in.u64(), in.u64(), in.u32(), in.u32(), in.u32(), in.u64(), in.u32(), in.u32());
  }
}
