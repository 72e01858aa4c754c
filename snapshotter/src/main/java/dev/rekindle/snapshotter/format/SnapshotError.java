package dev.rekindle.snapshotter.format;

/** Why a snapshot was not written or not accepted; the codes are stable. */
public enum SnapshotError {
  /** A file of the snapshot does not exist or cannot be opened. */
  MISSING_FILE("snapshot.missing_file"),
  /** A file is shorter than the manifest or its own header says. */
  TRUNCATED("snapshot.truncated"),
  /** A file is longer than the manifest or its own header says. */
  SIZE_MISMATCH("snapshot.size_mismatch"),
  /** state.bin does not begin as one. */
  BAD_MAGIC("snapshot.bad_magic"),
  /** Bytes are not those that were written. */
  CHECKSUM_MISMATCH("snapshot.checksum_mismatch"),
  /** Written in a format this program does not read. */
  VERSION_UNSUPPORTED("snapshot.version_unsupported"),
  /** manifest.json is intact but says what no snapshot can be. */
  MANIFEST_INVALID("snapshot.manifest_invalid"),
  /** A section is missing, occurs twice, is malformed, or is unknown and may not be skipped. */
  SECTION_INVALID("snapshot.section_invalid"),
  /** The VM to restore into, or the state itself, is of another shape than the manifest's. */
  SHAPE_MISMATCH("snapshot.shape_mismatch"),
  /** The host's CPU lacks what the guest was told it has. */
  CPU_INCOMPATIBLE("snapshot.cpu_incompatible"),
  /** A disk image the guest uses does not exist or has another size. */
  IMAGE_MISMATCH("snapshot.image_mismatch"),
  /** The file system is full. */
  NO_SPACE("snapshot.no_space"),
  /** Another error of the file system. */
  IO("snapshot.io");

  private final String code;

  SnapshotError(String code) {
    this.code = code;
  }

  /**
   * @return the code as it appears in replies and documents
   */
  public String code() {
    return code;
  }
}
