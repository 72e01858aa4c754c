package dev.rekindle.snapshotter.format;

import java.lang.foreign.MemorySegment;
import java.util.zip.CRC32C;

/**
 * One CRC per {@link SnapshotFormat#CHUNK_BYTES} of memory.bin; section {@code MSUM} of state.bin.
 *
 * @param fileBytes size of memory.bin
 * @param crcs one per chunk, the last of which may be shorter
 */
public record MemoryChecksums(long fileBytes, int[] crcs) {
  /** The section's tag. */
  public static final String TAG = "MSUM";

  /** Checks that there is one checksum per chunk. */
  public MemoryChecksums {
    if (crcs.length != chunkCount(fileBytes)) {
      throw new IllegalArgumentException(
          "must be one checksum per chunk of " + fileBytes + " bytes, got " + crcs.length);
    }
  }

  /**
   * @param fileBytes size of memory.bin
   * @return how many chunks that is
   */
  public static int chunkCount(long fileBytes) {
    return (int) ((fileBytes + SnapshotFormat.CHUNK_BYTES - 1) / SnapshotFormat.CHUNK_BYTES);
  }

  /**
   * @param chunk native memory, at most a chunk
   * @return its CRC
   */
  public static int crcOf(MemorySegment chunk) {
    CRC32C crc = new CRC32C();
    crc.update(chunk.asByteBuffer());
    return (int) crc.getValue();
  }

  /**
   * @return as a section: u64 file size, u32 chunk size, list of u32
   */
  public Section toSection() {
    PayloadWriter out =
        new PayloadWriter().u64(fileBytes).u32(SnapshotFormat.CHUNK_BYTES).u32(crcs.length);
    for (int crc : crcs) {
      out.u32(crc);
    }
    return new Section(TAG, 0, true, out.toBytes());
  }

  /**
   * @param section of this tag
   * @return what it holds
   * @throws SnapshotException {@code section_invalid}
   */
  public static MemoryChecksums fromSection(Section section) throws SnapshotException {
    PayloadReader in = new PayloadReader(section);
    long fileBytes = in.u64();
    if (fileBytes <= 0 || fileBytes > SnapshotFormat.MAX_MEMORY_BYTES) {
      throw in.invalid("memory of " + fileBytes + " bytes");
    }
    if (in.u32() != SnapshotFormat.CHUNK_BYTES) {
      throw in.invalid("another chunk size");
    }
    int count = in.count(Integer.BYTES);
    if (count != chunkCount(fileBytes)) {
      throw in.invalid(count + " checksums for " + fileBytes + " bytes");
    }
    int[] crcs = new int[count];
    for (int i = 0; i < count; i++) {
      crcs[i] = in.u32();
    }
    in.end();
    return new MemoryChecksums(fileBytes, crcs);
  }
}
