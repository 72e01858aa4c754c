package dev.rekindle.snapshotter.format;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * One tagged piece of state.bin. The payload is not copied.
 *
 * @param tag four ASCII characters
 * @param index which of several of the tag, in [0, 65535]
 * @param required whether a reader that does not know the tag refuses the file
 * @param payload at most {@link SnapshotFormat#MAX_SECTION_BYTES}
 */
public record Section(String tag, int index, boolean required, byte[] payload) {
  static final int TAG_BYTES = 4;

  /** Checks tag, index and size. */
  public Section {
    if (!isTag(tag)) {
      throw new IllegalArgumentException("tag must be four printable characters, got " + tag);
    }
    if (index < 0 || index > 0xFFFF) {
      throw new IllegalArgumentException("index must be in [0, 65535], got " + index);
    }
    if (payload.length > SnapshotFormat.MAX_SECTION_BYTES) {
      throw new IllegalArgumentException(
          "payload must be at most "
              + SnapshotFormat.MAX_SECTION_BYTES
              + " bytes, got "
              + payload.length);
    }
  }

  /**
   * @return tag and index, for messages
   */
  public String label() {
    return tag + "[" + index + "]";
  }

  static boolean isTag(String tag) {
    return tag.length() == TAG_BYTES && tag.chars().allMatch(c -> c > ' ' && c < 0x7F);
  }

  static String tagOf(int word) {
    byte[] bytes = ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(word).array();
    return new String(bytes, ISO_8859_1);
  }

  int tagWord() {
    return ByteBuffer.wrap(tag.getBytes(ISO_8859_1)).order(ByteOrder.LITTLE_ENDIAN).getInt();
  }
}
