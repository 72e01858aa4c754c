package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;

/** Turns failures of files into codes. */
final class Failures {
  private Failures() {}

  /** Something under {@code target} could not be written. */
  static ImageException writing(Path target, IOException e) {
    return isNoSpace(e)
        ? new ImageException(ImageException.NO_SPACE, "no space left on the disk for " + target, e)
        : new ImageException("image.io", "writing " + target + ": " + e, e);
  }

  /** {@code source}, which a recipe named, could not be read. */
  static ImageException reading(String code, Path source, IOException e) {
    return isNoSpace(e) ? writing(source, e) : new ImageException(code, source + ": " + e, e);
  }

  private static boolean isNoSpace(IOException e) {
    String reason = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return reason != null
        && (reason.contains("No space left on device") || reason.contains("Disk quota exceeded"));
  }
}
