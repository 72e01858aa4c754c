package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.ManifestJson;
import dev.rekindle.snapshotter.format.MemoryChecksums;
import dev.rekindle.snapshotter.format.Section;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.format.SnapshotFormat;
import dev.rekindle.snapshotter.format.StateFile;
import dev.rekindle.vmm.abi.linux.Fcntl;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/** Opens a snapshot's files and checks all that can be checked without a VM. */
public final class SnapshotReader {
  /**
   * A snapshot whose every byte was compared with its checksums.
   *
   * @param directory where it lies
   * @param manifest what it says of itself
   * @param sections of state.bin, memory checksums included
   * @param memoryFile open for reading; closing it is the receiver's
   */
  public record Opened(
      Path directory, Manifest manifest, List<Section> sections, OwnedFd memoryFile) {}

  private static final int SEEK_END = 2;
  private static final int SEEK_DATA = 3;

  /** {@code SEEK_DATA} behind the last data. */
  private static final int ENXIO = 6;

  private SnapshotReader() {}

  /**
   * @param directory the snapshot
   * @return its manifest, with its own checksum checked and nothing else
   * @throws SnapshotException why not
   */
  public static Manifest readManifest(Path directory) throws SnapshotException {
    Path file = directory.resolve(SnapshotFormat.MANIFEST_FILE);
    Manifest manifest = ManifestJson.decode(readFile(file, SnapshotFormat.MAX_MANIFEST_BYTES));
    if (!manifest.snapshotId().equals(directory.getFileName().toString())) {
      throw new SnapshotException(
          SnapshotError.MANIFEST_INVALID,
          "manifest of " + manifest.snapshotId() + " found in " + directory);
    }
    return manifest;
  }

  /**
   * Reads and verifies everything, memory included: about a second for 8 GiB in the page cache.
   *
   * @param directory the snapshot
   * @return the open snapshot
   * @throws SnapshotException why it is refused; nothing stays open
   */
  public static Opened open(Path directory) throws SnapshotException {
    Manifest manifest = readManifest(directory);
    Path stateFile = directory.resolve(SnapshotFormat.STATE_FILE);
    byte[] state = readFile(stateFile, SnapshotFormat.MAX_STATE_BYTES);
    checkSize(SnapshotFormat.STATE_FILE, state.length, manifest.stateFile().bytes());
    List<Section> sections = StateFile.decode(state);
    CRC32C crc = new CRC32C();
    crc.update(state);
    if (!HexFormat.of().toHexDigits((int) crc.getValue()).equals(manifest.stateFile().crc32c())) {
      throw new SnapshotException(
          SnapshotError.CHECKSUM_MISMATCH, "state.bin is not the one the manifest names");
    }
    MemoryChecksums checksums = MemoryChecksums.fromSection(only(sections, MemoryChecksums.TAG));
    OwnedFd memory = openMemory(directory);
    try {
      verifyMemory(memory, manifest.memoryFile().bytes(), checksums);
    } catch (SnapshotException | RuntimeException e) {
      memory.close();
      throw e;
    }
    return new Opened(directory, manifest, sections, memory);
  }

  /**
   * @param sections all of a state file
   * @param tag looked for
   * @return the one section of that tag
   * @throws SnapshotException {@code section_invalid} if there is none or several
   */
  public static Section only(List<Section> sections, String tag) throws SnapshotException {
    List<Section> found = sections.stream().filter(s -> s.tag().equals(tag)).toList();
    if (found.size() != 1) {
      throw new SnapshotException(
          SnapshotError.SECTION_INVALID, "must be one section " + tag + ", got " + found.size());
    }
    return found.getFirst();
  }

  private static OwnedFd openMemory(Path directory) throws SnapshotException {
    Path file = directory.resolve(SnapshotFormat.MEMORY_FILE);
    try {
      return OwnedFd.open(file.toString(), Fcntl.O_RDONLY);
    } catch (ErrnoException e) {
      throw new SnapshotException(SnapshotError.MISSING_FILE, e.getMessage(), e);
    }
  }

  private static void verifyMemory(OwnedFd file, long bytes, MemoryChecksums checksums)
      throws SnapshotException {
    long actual = Syscalls.lseek(file.fd(), 0, SEEK_END);
    checkSize(SnapshotFormat.MEMORY_FILE, actual, bytes);
    if (checksums.fileBytes() != bytes) {
      throw new SnapshotException(
          SnapshotError.SHAPE_MISMATCH,
          "state.bin has checksums of " + checksums.fileBytes() + " bytes of memory, not " + bytes);
    }
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(SnapshotFormat.CHUNK_BYTES, SnapshotFormat.PAGE_BYTES);
      int zeroCrc = MemoryChecksums.crcOf(buffer);
      long nextData = 0;
      for (int chunk = 0; chunk < checksums.crcs().length; chunk++) {
        long offset = (long) chunk * SnapshotFormat.CHUNK_BYTES;
        MemorySegment part = buffer.asSlice(0, Math.min(buffer.byteSize(), bytes - offset));
        if (nextData < offset) {
          nextData = nextData(file, offset);
        }
        boolean hole = nextData >= offset + part.byteSize() && part.byteSize() == buffer.byteSize();
        if (!hole) {
          readFully(file, part, offset);
        }
        if ((hole ? zeroCrc : MemoryChecksums.crcOf(part)) != checksums.crcs()[chunk]) {
          throw new SnapshotException(
              SnapshotError.CHECKSUM_MISMATCH,
              "memory.bin, bytes " + offset + " to " + (offset + part.byteSize()));
        }
      }
    }
  }

  /** Where the next byte that is not in a hole lies; past the end if there is none. */
  private static long nextData(OwnedFd file, long from) {
    try {
      return Syscalls.lseek(file.fd(), from, SEEK_DATA);
    } catch (ErrnoException e) {
      if (e.errno() == ENXIO) {
        return Long.MAX_VALUE;
      }
      // A file system without holes: everything is data.
      return from;
    }
  }

  private static void readFully(OwnedFd file, MemorySegment target, long offset)
      throws SnapshotException {
    for (long done = 0; done < target.byteSize(); ) {
      long count;
      try {
        count = Syscalls.pread(file.fd(), target.asSlice(done), offset + done);
      } catch (ErrnoException e) {
        throw new SnapshotException(SnapshotError.IO, "reading memory.bin: " + e.getMessage(), e);
      }
      if (count == 0) {
        throw new SnapshotException(
            SnapshotError.TRUNCATED, "memory.bin ends at " + (offset + done));
      }
      done += count;
    }
  }

  private static void checkSize(String file, long actual, long expected) throws SnapshotException {
    if (actual != expected) {
      throw new SnapshotException(
          actual < expected ? SnapshotError.TRUNCATED : SnapshotError.SIZE_MISMATCH,
          file + " has " + actual + " bytes, the manifest says " + expected);
    }
  }

  private static byte[] readFile(Path file, int maxBytes) throws SnapshotException {
    try (var in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(maxBytes + 1);
      if (bytes.length > maxBytes) {
        throw new SnapshotException(
            SnapshotError.SIZE_MISMATCH, file + " is larger than " + maxBytes + " bytes");
      }
      return bytes;
    } catch (NoSuchFileException e) {
      throw new SnapshotException(SnapshotError.MISSING_FILE, "no file " + file, e);
    } catch (IOException e) {
      throw new SnapshotException(SnapshotError.IO, "reading " + file + ": " + e, e);
    }
  }
}
