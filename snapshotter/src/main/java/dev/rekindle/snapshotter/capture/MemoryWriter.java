package dev.rekindle.snapshotter.capture;

import dev.rekindle.snapshotter.format.MemoryChecksums;
import dev.rekindle.snapshotter.format.SnapshotFormat;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.memory.MemoryRegion;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Writes memory.bin: pages that are zero become holes. The guest must be paused. Thread: one, for
 * as long as the write takes.
 */
final class MemoryWriter {
  /**
   * @param checksums of the whole file
   * @param dataBytes what was written, zero pages left out
   */
  record Written(MemoryChecksums checksums, long dataBytes) {}

  private final OutputFile out;
  private final MemorySegment zeroPage;
  private long dataBytes;

  private MemoryWriter(OutputFile out, Arena arena) {
    this.out = out;
    this.zeroPage = arena.allocate(SnapshotFormat.PAGE_BYTES, SnapshotFormat.PAGE_BYTES);
  }

  static Written write(GuestMemory memory, OutputFile out) {
    long bytes = memory.sizeBytes();
    int[] crcs = new int[MemoryChecksums.chunkCount(bytes)];
    try (Arena arena = Arena.ofConfined()) {
      MemoryWriter writer = new MemoryWriter(out, arena);
      out.setLength(bytes);
      int zeroCrc = MemoryChecksums.crcOf(arena.allocate(SnapshotFormat.CHUNK_BYTES));
      Arrays.fill(crcs, zeroCrc);
      for (MemoryRegion region : memory.regions()) {
        writer.writeRegion(region, crcs);
      }
      return new Written(new MemoryChecksums(bytes, crcs), writer.dataBytes);
    }
  }

  private void writeRegion(MemoryRegion region, int[] crcs) {
    // The hole for devices begins at a multiple of the chunk size, so no chunk spans two regions.
    int chunk = Math.toIntExact(region.fileOffset() / SnapshotFormat.CHUNK_BYTES);
    for (long at = 0; at < region.sizeBytes(); at += SnapshotFormat.CHUNK_BYTES, chunk++) {
      long length = Math.min(SnapshotFormat.CHUNK_BYTES, region.sizeBytes() - at);
      MemorySegment bytes = region.hva().asSlice(at, length);
      if (writeChunk(bytes, region.fileOffset() + at) || length < SnapshotFormat.CHUNK_BYTES) {
        crcs[chunk] = MemoryChecksums.crcOf(bytes);
      }
    }
  }

  /** Writes the runs of pages that are not all zero; whether there were any. */
  private boolean writeChunk(MemorySegment chunk, long fileOffset) {
    long runStart = -1;
    boolean any = false;
    for (long at = 0; at < chunk.byteSize(); at += SnapshotFormat.PAGE_BYTES) {
      boolean zero = chunk.asSlice(at, SnapshotFormat.PAGE_BYTES).mismatch(zeroPage) < 0;
      if (!zero && runStart < 0) {
        runStart = at;
      } else if (zero && runStart >= 0) {
        writeRun(chunk.asSlice(runStart, at - runStart), fileOffset + runStart);
        runStart = -1;
      }
      any |= !zero;
    }
    if (runStart >= 0) {
      writeRun(chunk.asSlice(runStart), fileOffset + runStart);
    }
    return any;
  }

  private void writeRun(MemorySegment run, long fileOffset) {
    out.write(run, fileOffset);
    dataBytes += run.byteSize();
  }
}
