package dev.rekindle.snapshotter.capture;

import dev.rekindle.snapshotter.format.SnapshotFormat;
import dev.rekindle.snapshotter.format.WorkingSet;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Puts a working set beside the snapshot it belongs to. */
public final class WorkingSetWriter {
  private WorkingSetWriter() {}

  /**
   * Writes it and renames it into its place, so that it is whole or absent.
   *
   * @param snapshotDir a published snapshot
   * @param workingSet recorded in a clone of it
   * @throws IOException if it cannot be written; nothing is left behind
   */
  public static void write(Path snapshotDir, WorkingSet workingSet) throws IOException {
    Path unfinished = snapshotDir.resolve("." + SnapshotFormat.WORKING_SET_FILE);
    try {
      try (FileChannel out =
          FileChannel.open(
              unfinished,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING,
              StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.wrap(workingSet.encode());
        while (bytes.hasRemaining()) {
          out.write(bytes);
        }
        out.force(true);
      }
      Files.move(
          unfinished,
          snapshotDir.resolve(SnapshotFormat.WORKING_SET_FILE),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      OutputFile.syncDirectory(snapshotDir);
    } finally {
      Files.deleteIfExists(unfinished);
    }
  }
}
