package dev.rekindle.snapshotter.index;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A Chronicle Map's file, mapped for reading only, without Chronicle's library: it takes seconds
 * and as much memory again as a whole host process, and must map the file writable for its locks.
 * Here no lock is taken: what is read while it is written has a wrong checksum, and is read again
 * by whoever checks it. Nothing in the file is believed, not an offset and not a length; a file
 * that was cut off under the mapping is an error of the one call. Thread: any, several at once.
 */
final class MappedMap implements ValueSource, AutoCloseable {
  private static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** In the segment's header, after its lock of 8 bytes. */
  private static final int COUNT_FIELD = 8;

  private static final int NEXT_TIER_FIELD = 16;
  private static final int MAX_KEY_BYTES = 128;

  /** An entry that is moved while the slots are walked may be missed once, not again and again. */
  private static final int WALKS = 3;

  private record Found(long valueOffset, int valueBytes) {}

  private interface Visitor {
    /** Whether the walk is to go on. */
    boolean visit(byte[] key, Found found);
  }

  private final Arena arena = Arena.ofShared();
  private final MemorySegment map;
  private final MapGeometry geometry;

  private MappedMap(Path file, MapGeometry geometry) throws IndexException {
    this.geometry = geometry;
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() < geometry.fileBytes()) {
        throw new IOException(
            "it has " + channel.size() + " of " + geometry.fileBytes() + " bytes");
      }
      map = channel.map(MapMode.READ_ONLY, 0, geometry.fileBytes(), arena);
    } catch (IOException e) {
      arena.close();
      throw new IndexException(
          IndexError.DAMAGED, file.getFileName() + " cannot be mapped: " + e.getMessage(), e);
    }
  }

  /**
   * @throws IndexException {@code damaged} if it is not there or too short
   */
  static MappedMap open(Path file, MapGeometry geometry) throws IndexException {
    return new MappedMap(file, geometry);
  }

  @Override
  public Optional<byte[]> get(String key) throws IndexException {
    byte[] wanted = key.getBytes(US_ASCII);
    return guarded(() -> {
      for (int walk = 0; walk < WALKS; walk++) {
        byte[][] value = new byte[1][];
        walk((name, found) -> {
          if (!Arrays.equals(name, wanted)) {
            return true;
          }
          value[0] = bytes(found.valueOffset, found.valueBytes);
          return false;
        });
        if (value[0] != null) {
          return Optional.of(value[0]);
        }
      }
      return Optional.empty();
    });
  }

  @Override
  public Set<String> keys() throws IndexException {
    return guarded(() -> {
      Set<String> keys = new HashSet<>();
      walk((key, _) -> keys.add(new String(key, US_ASCII)) || true);
      return keys;
    });
  }

  /** How many entries there are, as the segment's header counts them. */
  int size() throws IndexException {
    return guarded(() -> {
      if (map.get(LONG, geometry.headerOffset() + NEXT_TIER_FIELD) != 0) {
        throw new IndexException(IndexError.DAMAGED, "the map has a second tier");
      }
      return map.get(INT, geometry.headerOffset() + COUNT_FIELD);
    });
  }

  private void walk(Visitor visitor) {
    boolean wide = geometry.slotBytes() == Long.BYTES;
    for (int i = 0; i < geometry.lookupSlots(); i++) {
      long offset = geometry.lookupOffset() + (long) i * geometry.slotBytes();
      long slot = wide ? map.get(LONG, offset) : Integer.toUnsignedLong(map.get(INT, offset));
      long chunk = slot >>> geometry.keyBits();
      if (slot == 0 || chunk >= geometry.chunks()) {
        continue;
      }
      if (!visitEntry(geometry.entriesOffset() + chunk * geometry.chunkBytes(), visitor)) {
        return;
      }
    }
  }

  /** An entry: size of the key, key, size of the value, value; sizes in the stop-bit encoding. */
  private boolean visitEntry(long offset, Visitor visitor) {
    int keyBytes = stopBit(offset);
    if (keyBytes <= 0 || keyBytes > MAX_KEY_BYTES) {
      return true;
    }
    long keyOffset = offset + stopBitBytes(keyBytes);
    long sizeOffset = keyOffset + keyBytes;
    int valueBytes = stopBit(sizeOffset);
    if (valueBytes < 0 || valueBytes > SignedValue.MAX_BYTES) {
      return true;
    }
    Found found = new Found(sizeOffset + stopBitBytes(valueBytes), valueBytes);
    return found.valueOffset + valueBytes > map.byteSize()
        || visitor.visit(bytes(keyOffset, keyBytes), found);
  }

  /** Seven bits a byte, the lowest first, the top bit set where another follows; −1 past two. */
  private int stopBit(long offset) {
    if (offset + 2 > map.byteSize()) {
      return -1;
    }
    byte first = map.get(ValueLayout.JAVA_BYTE, offset);
    if (first >= 0) {
      return first;
    }
    byte second = map.get(ValueLayout.JAVA_BYTE, offset + 1);
    return second < 0 ? -1 : first & 0x7F | second << 7;
  }

  private static int stopBitBytes(int value) {
    return value < 1 << 7 ? 1 : 2;
  }

  private byte[] bytes(long offset, int count) {
    if (offset + count > map.byteSize()) {
      return new byte[0];
    }
    byte[] copy = new byte[count];
    MemorySegment.copy(map, ValueLayout.JAVA_BYTE, offset, copy, 0, count);
    return copy;
  }

  private interface Reading<T> {
    T read() throws IndexException;
  }

  private static <T> T guarded(Reading<T> reading) throws IndexException {
    try {
      return reading.read();
    } catch (InternalError e) {
      // How the JVM tells of a SIGBUS: the file ends before its mapping does.
      throw new IndexException(IndexError.DAMAGED, "the map's file was cut off", e);
    }
  }

  /** No read may run. */
  @Override
  public void close() {
    arena.close();
  }
}
