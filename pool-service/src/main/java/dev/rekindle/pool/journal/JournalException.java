package dev.rekindle.pool.journal;

import java.io.IOException;

/** Something could not be written to the journal; nothing of it counts. */
public final class JournalException extends Exception {
  private static final long serialVersionUID = 1L;

  JournalException(IOException cause) {
    super(cause.toString(), cause);
  }

  /**
   * @return whether there was no room on the disk, or no more than a quota allows
   */
  public boolean isNoSpace() {
    String message = String.valueOf(getMessage());
    return message.contains("No space left on device") || message.contains("quota exceeded");
  }
}
