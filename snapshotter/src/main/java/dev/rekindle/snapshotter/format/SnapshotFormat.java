package dev.rekindle.snapshotter.format;

import java.util.regex.Pattern;

/** Numbers of {@code docs/snapshot-format.md}. */
public final class SnapshotFormat {
  /** Readers refuse another one. */
  public static final int MAJOR = 1;

  /** Grows with what an older reader may skip. */
  public static final int MINOR = 0;

  /** The manifest's file name. */
  public static final String MANIFEST_FILE = "manifest.json";

  /** The state's file name. */
  public static final String STATE_FILE = "state.bin";

  /** The guest memory's file name. */
  public static final String MEMORY_FILE = "memory.bin";

  /** Granule of guest memory. */
  public static final int PAGE_BYTES = 4096;

  /** Granule of memory checksums. */
  public static final int CHUNK_BYTES = 2 << 20;

  /** Largest manifest.json. */
  public static final int MAX_MANIFEST_BYTES = 1 << 20;

  /** Largest state.bin. */
  public static final int MAX_STATE_BYTES = 64 << 20;

  /** Most sections in state.bin. */
  public static final int MAX_SECTIONS = 4096;

  /** Largest payload of a section. */
  public static final int MAX_SECTION_BYTES = 16 << 20;

  /** Largest guest memory: 1 TiB. */
  public static final long MAX_MEMORY_BYTES = 1L << 40;

  private static final Pattern SNAPSHOT_ID = Pattern.compile("[a-z0-9][a-z0-9-]{0,63}");

  private SnapshotFormat() {}

  /**
   * @param id perhaps a snapshot's id
   * @return whether it may be one, and so may be a directory's name
   */
  public static boolean isSnapshotId(String id) {
    return SNAPSHOT_ID.matcher(id).matches();
  }
}
