package dev.rekindle.snapshotter.restore;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.ManifestJson;
import dev.rekindle.snapshotter.format.MemoryChecksums;
import dev.rekindle.snapshotter.format.Section;
import dev.rekindle.snapshotter.format.SnapshotDigests;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.format.SnapshotFiles;
import dev.rekindle.snapshotter.format.SnapshotFormat;
import dev.rekindle.snapshotter.format.StateFile;
import dev.rekindle.snapshotter.format.WorkingSet;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.abi.linux.Fcntl;
import dev.rekindle.vmm.sys.ErrnoException;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
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
   * @param workingSet of a first request, if one was recorded
   */
  public record Opened(
      Path directory,
      Manifest manifest,
      List<Section> sections,
      OwnedFd memoryFile,
      Optional<WorkingSet> workingSet) {}

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
    return manifestOf(directory, SnapshotFiles.manifest(directory));
  }

  private static Manifest manifestOf(Path directory, byte[] bytes) throws SnapshotException {
    Manifest manifest = ManifestJson.decode(bytes);
    if (!manifest.snapshotId().equals(directory.getFileName().toString())) {
      throw new SnapshotException(
          SnapshotError.MANIFEST_INVALID,
          "manifest of " + manifest.snapshotId() + " found in " + directory);
    }
    return manifest;
  }

  /**
   * Opens a snapshot nobody vouches for.
   *
   * @param directory the snapshot
   * @return the open snapshot
   * @throws SnapshotException why it is refused; nothing stays open
   */
  public static Opened open(Path directory) throws SnapshotException {
    return open(directory, SnapshotSeal.NONE);
  }

  /**
   * Reads and verifies everything, memory included: about a second for 8 GiB in the page cache.
   *
   * @param directory the snapshot
   * @param seal asked once the small files are read, before the memory is
   * @return the open snapshot
   * @throws SnapshotException why it is refused; nothing stays open
   */
  public static Opened open(Path directory, SnapshotSeal seal) throws SnapshotException {
    byte[] manifestBytes = SnapshotFiles.manifest(directory);
    Manifest manifest = manifestOf(directory, manifestBytes);
    byte[] state = SnapshotFiles.state(directory);
    checkSize(SnapshotFormat.STATE_FILE, state.length, manifest.stateFile().bytes());
    List<Section> sections = StateFile.decode(state);
    CRC32C crc = new CRC32C();
    crc.update(state);
    int stateCrc = (int) crc.getValue();
    if (!HexFormat.of().toHexDigits(stateCrc).equals(manifest.stateFile().crc32c())) {
      throw new SnapshotException(
          SnapshotError.CHECKSUM_MISMATCH, "state.bin is not the one the manifest names");
    }
    Section memoryChecksums = StateFile.only(sections, MemoryChecksums.TAG);
    seal.check(directory, () -> SnapshotDigests.of(manifestBytes, state, memoryChecksums));
    MemoryChecksums checksums = MemoryChecksums.fromSection(memoryChecksums);
    Optional<WorkingSet> workingSet =
        readWorkingSet(directory, stateCrc, manifest.memoryFile().bytes());
    OwnedFd memory = openMemory(directory);
    try {
      verifyMemory(memory, manifest.memoryFile().bytes(), checksums);
    } catch (SnapshotException | RuntimeException e) {
      memory.close();
      throw e;
    }
    return new Opened(directory, manifest, sections, memory, workingSet);
  }

  private static Optional<WorkingSet> readWorkingSet(Path directory, int stateCrc, long memoryBytes)
      throws SnapshotException {
    Optional<byte[]> bytes = SnapshotFiles.workingSet(directory);
    return bytes.isEmpty()
        ? Optional.empty()
        : Optional.of(WorkingSet.decode(bytes.get(), stateCrc, memoryBytes));
  }

  private static OwnedFd openMemory(Path directory) throws SnapshotException {
    Path file = directory.resolve(SnapshotFormat.MEMORY_FILE);
    try {
      return OwnedFd.open(file.toString(), Fcntl.O_RDONLY);
    } catch (ErrnoException e) {
      throw new SnapshotException(
          e.errno() == Errno.ENOENT ? SnapshotError.MISSING_FILE : SnapshotError.IO,
          e.getMessage(),
          e);
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
}
