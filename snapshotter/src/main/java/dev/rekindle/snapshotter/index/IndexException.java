package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.DurableFiles;
import java.io.IOException;

/** The index could not be written, or something in it is not believed. */
public final class IndexException extends Exception {
  private static final long serialVersionUID = 1L;

  private final IndexError error;

  /**
   * @param error the category
   * @param detail what was expected and what was there
   */
  public IndexException(IndexError error, String detail) {
    this(error, detail, null);
  }

  /**
   * @param error the category
   * @param detail what was expected and what was there
   * @param cause null where there is none
   */
  public IndexException(IndexError error, String detail, Throwable cause) {
    super(detail, cause);
    this.error = error;
  }

  static IndexException of(String doing, IOException e) {
    return new IndexException(
        DurableFiles.isNoSpace(e) ? IndexError.NO_SPACE : IndexError.IO, doing + ": " + e, e);
  }

  /**
   * @return the category
   */
  public IndexError error() {
    return error;
  }

  /**
   * @return the category's stable code
   */
  public String code() {
    return error.code();
  }
}
