package dev.rekindle.snapshotter.capture;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.ManifestJson;
import dev.rekindle.snapshotter.format.Section;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.format.SnapshotFormat;
import dev.rekindle.snapshotter.format.StateFile;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.memory.GuestMemory;
import dev.rekindle.vmm.sys.ErrnoException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;

/**
 * Writes snapshots of paused VMs. A snapshot is written to a directory beside its place, made
 * durable, and renamed into it; on any failure that directory is removed. Thread: any, one id by
 * one at a time.
 */
public final class SnapshotWriter {
  /** Prefix of directories that are still being written, or were left by a killed writer. */
  public static final String UNFINISHED_PREFIX = ".unfinished-";

  private final Path snapshots;
  private final OutputFile.Opener opener;
  private final InstantSource clock;

  /**
   * @param snapshots the directory of snapshots; made if it is missing
   */
  public SnapshotWriter(Path snapshots) {
    this(snapshots, OutputFile::create, InstantSource.system());
  }

  SnapshotWriter(Path snapshots, OutputFile.Opener opener, InstantSource clock) {
    this.snapshots = snapshots;
    this.opener = opener;
    this.clock = clock;
  }

  /**
   * Writes and publishes one snapshot.
   *
   * @param description what it says of itself
   * @param shape the VM's
   * @param state the VM's sections, without memory checksums
   * @param memory the VM's; nothing may write to it meanwhile
   * @return the manifest as written
   * @throws SnapshotException {@code no_space} or {@code io}; nothing is left behind
   */
  public Manifest write(
      SnapshotDescription description,
      Manifest.ShapeEntry shape,
      List<Section> state,
      GuestMemory memory)
      throws SnapshotException {
    Path target = snapshots.resolve(description.snapshotId());
    Path unfinished = snapshots.resolve(UNFINISHED_PREFIX + description.snapshotId());
    try {
      Files.createDirectories(snapshots);
      Files.createDirectory(unfinished);
      Manifest manifest = writeFiles(unfinished, description, shape, state, memory);
      OutputFile.syncDirectory(unfinished);
      Files.move(unfinished, target, StandardCopyOption.ATOMIC_MOVE);
      OutputFile.syncDirectory(snapshots);
      return manifest;
    } catch (ErrnoException e) {
      removeTree(unfinished);
      throw new SnapshotException(
          e.errno() == Errno.ENOSPC ? SnapshotError.NO_SPACE : SnapshotError.IO,
          "writing snapshot " + description.snapshotId() + ": " + e.getMessage(),
          e);
    } catch (IOException e) {
      removeTree(unfinished);
      throw new SnapshotException(
          isNoSpace(e) ? SnapshotError.NO_SPACE : SnapshotError.IO,
          "writing snapshot " + description.snapshotId() + ": " + e,
          e);
    } catch (RuntimeException e) {
      removeTree(unfinished);
      throw e;
    }
  }

  private Manifest writeFiles(
      Path directory,
      SnapshotDescription description,
      Manifest.ShapeEntry shape,
      List<Section> state,
      GuestMemory memory) {
    MemoryWriter.Written written;
    try (OutputFile file = opener.open(directory.resolve(SnapshotFormat.MEMORY_FILE))) {
      written = MemoryWriter.write(memory, file);
      file.sync();
    }
    List<Section> sections = new ArrayList<>(state);
    sections.add(written.checksums().toSection());
    byte[] stateBytes = StateFile.encode(sections);
    writeWhole(directory.resolve(SnapshotFormat.STATE_FILE), stateBytes);
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    Manifest manifest =
        new Manifest(
            new Manifest.Version(SnapshotFormat.MAJOR, SnapshotFormat.MINOR),
            description.snapshotId(),
            description.template(),
            description.creator(),
            now.toString(),
            shape,
            memoryEntry(memory, written.dataBytes()),
            new Manifest.StateFileEntry(stateBytes.length, crcHex(stateBytes)),
            new Manifest.MemoryFileEntry(memory.sizeBytes()),
            description.images(),
            description.cpu());
    writeWhole(directory.resolve(SnapshotFormat.MANIFEST_FILE), ManifestJson.encode(manifest));
    return manifest;
  }

  private static Manifest.Memory memoryEntry(GuestMemory memory, long dataBytes) {
    List<Manifest.Region> regions =
        memory.regions().stream()
            .map(r -> new Manifest.Region(r.gpa(), r.sizeBytes(), r.fileOffset()))
            .toList();
    return new Manifest.Memory(
        SnapshotFormat.PAGE_BYTES, SnapshotFormat.CHUNK_BYTES, dataBytes, regions);
  }

  private void writeWhole(Path path, byte[] bytes) {
    try (OutputFile file = opener.open(path);
        Arena arena = Arena.ofConfined()) {
      MemorySegment copy = arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
      file.write(copy, 0);
      file.sync();
    }
  }

  private static String crcHex(byte[] bytes) {
    CRC32C crc = new CRC32C();
    crc.update(bytes);
    return HexFormat.of().toHexDigits((int) crc.getValue());
  }

  /** java.nio gives the error number only as the C library's text. */
  private static boolean isNoSpace(IOException e) {
    return e instanceof FileSystemException f
        && f.getReason() != null
        && f.getReason().startsWith("No space left");
  }

  private static void removeTree(Path directory) {
    try (var entries = Files.list(directory)) {
      for (Path entry : entries.toList()) {
        Files.delete(entry);
      }
      Files.delete(directory);
    } catch (FileSystemException e) {
      // Gone already, or the disk refuses: what stays has the unfinished prefix and is swept later.
      return;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
