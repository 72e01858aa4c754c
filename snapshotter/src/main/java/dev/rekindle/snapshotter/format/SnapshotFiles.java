package dev.rekindle.snapshotter.format;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/** Reads a snapshot's small files, whole and bounded. */
public final class SnapshotFiles {
  private SnapshotFiles() {}

  /**
   * @param directory of the snapshot
   * @return manifest.json, at most {@link SnapshotFormat#MAX_MANIFEST_BYTES}
   * @throws SnapshotException {@code missing_file}, {@code size_mismatch} or {@code io}
   */
  public static byte[] manifest(Path directory) throws SnapshotException {
    return read(directory.resolve(SnapshotFormat.MANIFEST_FILE), SnapshotFormat.MAX_MANIFEST_BYTES);
  }

  /**
   * @param directory of the snapshot
   * @return state.bin, at most {@link SnapshotFormat#MAX_STATE_BYTES}
   * @throws SnapshotException {@code missing_file}, {@code size_mismatch} or {@code io}
   */
  public static byte[] state(Path directory) throws SnapshotException {
    return read(directory.resolve(SnapshotFormat.STATE_FILE), SnapshotFormat.MAX_STATE_BYTES);
  }

  /**
   * @param directory of the snapshot
   * @return workingset.bin, at most {@link SnapshotFormat#MAX_WORKING_SET_BYTES}; empty if there is
   *     none
   * @throws SnapshotException {@code size_mismatch} or {@code io}
   */
  public static Optional<byte[]> workingSet(Path directory) throws SnapshotException {
    Path file = directory.resolve(SnapshotFormat.WORKING_SET_FILE);
    return Files.exists(file, LinkOption.NOFOLLOW_LINKS)
        ? Optional.of(read(file, SnapshotFormat.MAX_WORKING_SET_BYTES))
        : Optional.empty();
  }

  private static byte[] read(Path file, int maxBytes) throws SnapshotException {
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
