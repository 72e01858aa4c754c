package dev.rekindle.pool.template;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** How much a snapshot's files hold. Blocks. */
final class SnapshotSize {
  private SnapshotSize() {}

  /** The lengths of its files together, bytes; 0 if it is not there. */
  static long of(Path snapshotDir) throws IOException {
    if (!Files.isDirectory(snapshotDir)) {
      return 0;
    }
    long bytes = 0;
    try (DirectoryStream<Path> files = Files.newDirectoryStream(snapshotDir)) {
      for (Path file : files) {
        bytes += Files.size(file);
      }
    }
    return bytes;
  }
}
