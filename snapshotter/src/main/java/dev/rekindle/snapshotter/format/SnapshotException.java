package dev.rekindle.snapshotter.format;

/**
 * A snapshot was refused or could not be written; nothing of it was used and nothing left behind.
 */
public final class SnapshotException extends Exception {
  private static final long serialVersionUID = 1L;

  private final SnapshotError error;

  /**
   * @param error the category
   * @param detail which file, what was expected, what was there
   */
  public SnapshotException(SnapshotError error, String detail) {
    this(error, detail, null);
  }

  /**
   * @param error the category
   * @param detail which file, what was expected, what was there
   * @param cause null where there is none
   */
  public SnapshotException(SnapshotError error, String detail, Throwable cause) {
    super(detail, cause);
    this.error = error;
  }

  /**
   * @return the category
   */
  public SnapshotError error() {
    return error;
  }

  /**
   * @return the category's stable code
   */
  public String code() {
    return error.code();
  }
}
