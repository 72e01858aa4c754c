package dev.rekindle.snapshotter.index;

import static java.nio.charset.StandardCharsets.US_ASCII;

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
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the snapshots on disk say of themselves: the truth an index is made from. */
final class SnapshotScan {
  private static final Logger LOG = LoggerFactory.getLogger(SnapshotScan.class);

  /** Where manifest.json's first line has its own checksum, and how long that is. */
  private static final int CRC_AT = 11;

  private static final int CRC_DIGITS = 8;

  private final Path snapshots;

  /** Ids of damaged snapshots that were told of. */
  private final Set<String> reported = new HashSet<>();

  /**
   * @param snapshots the directory of snapshots, there or not
   */
  SnapshotScan(Path snapshots) {
    this.snapshots = snapshots;
  }

  /**
   * @param known entries that need not be made again; those of another manifest are
   * @param leaving ids to leave out
   * @return an entry for each snapshot, by id; one that is damaged is left out, and logged once
   * @throws IOException if the directory cannot be read
   */
  Map<String, IndexEntry.SnapshotEntry> read(
      Map<String, IndexEntry.SnapshotEntry> known, Set<String> leaving) throws IOException {
    Map<String, IndexEntry.SnapshotEntry> found = new HashMap<>();
    if (!Files.isDirectory(snapshots)) {
      return found;
    }
    List<Path> directories;
    try (var entries = Files.list(snapshots)) {
      directories =
          entries
              .filter(path -> SnapshotFormat.isSnapshotId(path.getFileName().toString()))
              .toList();
    }
    for (Path directory : directories) {
      String id = directory.getFileName().toString();
      if (leaving.contains(id)) {
        continue;
      }
      try {
        found.put(id, entry(directory, known.get(id)));
      } catch (SnapshotException e) {
        if (reported.add(id)) {
          LOG.warn("snapshot {} is not indexed: {}: {}", id, e.code(), e.getMessage());
        }
      }
    }
    return found;
  }

  private static IndexEntry.SnapshotEntry entry(Path directory, IndexEntry.SnapshotEntry known)
      throws SnapshotException {
    byte[] manifestBytes = SnapshotFiles.manifest(directory);
    long workingSetBytes = workingSetBytes(directory);
    if (known != null && known.digests().manifest().equals(SnapshotDigests.sha256(manifestBytes))) {
      return known.withWorkingSet(workingSetBytes);
    }
    return made(directory, manifestBytes).withWorkingSet(workingSetBytes);
  }

  /** Of the file that appears after the others; 0 until then. */
  private static long workingSetBytes(Path directory) throws SnapshotException {
    try {
      return Files.size(directory.resolve(SnapshotFormat.WORKING_SET_FILE));
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      throw new SnapshotException(SnapshotError.IO, "looking at the working set: " + e, e);
    }
  }

  private static IndexEntry.SnapshotEntry made(Path directory, byte[] manifestBytes)
      throws SnapshotException {
    Manifest manifest = ManifestJson.decode(manifestBytes);
    String id = directory.getFileName().toString();
    if (!manifest.snapshotId().equals(id)) {
      throw new SnapshotException(
          SnapshotError.MANIFEST_INVALID, "the manifest is that of " + manifest.snapshotId());
    }
    byte[] state = SnapshotFiles.state(directory);
    Section memory = StateFile.only(StateFile.decode(state), MemoryChecksums.TAG);
    String crc = new String(manifestBytes, CRC_AT, CRC_DIGITS, US_ASCII);
    return new IndexEntry.SnapshotEntry(
        id,
        id,
        manifest.template(),
        "",
        manifest.creator(),
        manifest.createdAt(),
        manifest.format(),
        manifest.shape(),
        new IndexEntry.Sizes(
            manifest.memoryFile().bytes(),
            manifest.memory().dataBytes(),
            state.length,
            SnapshotFiles.workingSet(directory).map(bytes -> bytes.length).orElse(0)),
        crc,
        manifest.stateFile().crc32c(),
        SnapshotDigests.of(manifestBytes, state, memory));
  }
}
