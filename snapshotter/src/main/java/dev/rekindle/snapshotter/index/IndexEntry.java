package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotDigests;
import dev.rekindle.snapshotter.format.SnapshotFormat;

/** What the index says of a snapshot or a template. */
public sealed interface IndexEntry {
  /**
   * @return its key in the map
   */
  String key();

  /**
   * A published snapshot. Nothing of it ever changes but the working set, which is recorded later.
   *
   * @param snapshotId see {@link SnapshotFormat#isSnapshotId}
   * @param location directory under {@code <state>/snapshots}: one name, never a path
   * @param template what it was made for
   * @param parent the snapshot it was taken on top of; empty for a VM that was booted
   * @param creator program and version
   * @param createdAt ISO 8601, UTC
   * @param format of its files
   * @param shape of every VM it can be restored into
   * @param sizes of its files
   * @param manifestCrc32c of manifest.json, as its first line has it
   * @param stateCrc32c of state.bin, as the manifest has it
   * @param digests that decide whether files are the published ones
   */
  record SnapshotEntry(
      String snapshotId,
      String location,
      String template,
      String parent,
      String creator,
      String createdAt,
      Manifest.Version format,
      Manifest.ShapeEntry shape,
      Sizes sizes,
      String manifestCrc32c,
      String stateCrc32c,
      SnapshotDigests digests)
      implements IndexEntry {
    /** Checks that no name leads out of the snapshots directory. */
    public SnapshotEntry {
      require("snapshotId", snapshotId);
      require("location", location);
      if (!parent.isEmpty()) {
        require("parent", parent);
      }
    }

    /**
     * @param bytes of the record of pages a start touches; 0 while there is none
     * @return this with that size
     */
    SnapshotEntry withWorkingSet(long bytes) {
      return sizes.workingSetBytes == bytes
          ? this
          : new SnapshotEntry(
              snapshotId,
              location,
              template,
              parent,
              creator,
              createdAt,
              format,
              shape,
              new Sizes(sizes.memoryBytes, sizes.dataBytes, sizes.stateBytes, bytes),
              manifestCrc32c,
              stateCrc32c,
              digests);
    }

    private static void require(String field, String id) {
      if (!SnapshotFormat.isSnapshotId(id)) {
        throw new IllegalArgumentException(field + " must be a snapshot's id, got " + id);
      }
    }

    @Override
    public String key() {
      return keyOf(snapshotId);
    }

    /**
     * @param snapshotId a snapshot's id
     * @return the key of its entry
     */
    public static String keyOf(String snapshotId) {
      return "snapshot/" + snapshotId;
    }
  }

  /**
   * @param memoryBytes of memory.bin, holes included
   * @param dataBytes pages of memory that are not zero
   * @param stateBytes of state.bin
   * @param workingSetBytes of the record of pages a start touches; 0 while there is none
   */
  record Sizes(long memoryBytes, long dataBytes, long stateBytes, long workingSetBytes) {}

  /**
   * A template's current snapshot.
   *
   * @param name of the template
   * @param snapshotId which has an entry of its own
   * @param generation 1 for the first build, one more with each
   * @param createdAt of this generation; ISO 8601, UTC
   */
  record TemplateEntry(String name, String snapshotId, int generation, String createdAt)
      implements IndexEntry {
    /** Checks the snapshot's id. */
    public TemplateEntry {
      SnapshotEntry.require("snapshotId", snapshotId);
    }

    @Override
    public String key() {
      return keyOf(name);
    }

    /**
     * @param name of a template
     * @return the key of its entry
     */
    public static String keyOf(String name) {
      return "template/" + name;
    }
  }
}
