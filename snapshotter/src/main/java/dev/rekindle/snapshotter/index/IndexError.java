package dev.rekindle.snapshotter.index;

/** Why the index cannot be written or an entry of it not be believed; the codes are stable. */
public enum IndexError {
  /** Chronicle's library cannot work in this JVM. */
  UNAVAILABLE("index.unavailable"),
  /** The file system is full. */
  NO_SPACE("index.no_space"),
  /** Another error of the file system. */
  IO("index.io"),
  /** The map has no room for another entry; the next file is larger. */
  FULL("index.full"),
  /** Somebody holds a lock of the map and does not let go. */
  LOCKED("index.locked"),
  /** The file or a value in it is not what was written. */
  DAMAGED("index.damaged"),
  /** A value that this service did not sign, or signed for another key. */
  SIGNATURE_INVALID("index.signature_invalid"),
  /** A value that was signed once, but is older than what was seen. */
  REPLAYED("index.replayed");

  private final String code;

  IndexError(String code) {
    this.code = code;
  }

  /**
   * @return the code as it appears in status, logs and documents
   */
  public String code() {
    return code;
  }
}
