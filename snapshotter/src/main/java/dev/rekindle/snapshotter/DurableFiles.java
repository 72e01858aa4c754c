package dev.rekindle.snapshotter;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Files that are whole or not there, also after the power failed. Thread: any. */
public final class DurableFiles {
  private DurableFiles() {}

  /**
   * Writes a file beside its place, makes it durable and renames it into place.
   *
   * @param file may be there, and then is replaced
   * @param bytes all of it
   * @param permissions as in {@code rw-r--r--}, whatever the process's mask is
   * @throws IOException if it cannot be written; what was there stays
   */
  public static void replace(Path file, byte[] bytes, String permissions) throws IOException {
    Path unfinished = file.resolveSibling("." + file.getFileName() + ".new");
    try {
      // One that a killed writer left has permissions of its own.
      Files.deleteIfExists(unfinished);
      var mode = PosixFilePermissions.fromString(permissions);
      try (FileChannel out =
          FileChannel.open(
              unfinished,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(mode))) {
        ByteBuffer rest = ByteBuffer.wrap(bytes);
        while (rest.hasRemaining()) {
          out.write(rest);
        }
        Files.setPosixFilePermissions(unfinished, mode);
        out.force(true);
      }
      Files.move(
          unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      syncDirectory(file.toAbsolutePath().getParent());
    } catch (IOException e) {
      try {
        Files.deleteIfExists(unfinished);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  /**
   * Makes a directory's entries durable.
   *
   * @param directory that was changed
   * @throws IOException if it cannot be opened or the disk refuses
   */
  public static void syncDirectory(Path directory) throws IOException {
    syncFile(directory);
  }

  /**
   * Makes a file's contents durable, also those written through a mapping.
   *
   * @param file that was changed
   * @throws IOException if it cannot be opened or the disk refuses
   */
  public static void syncFile(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  /**
   * Whether the disk was full; java.nio gives the error number only as the C library's text.
   *
   * @param e from java.nio
   * @return true for {@code ENOSPC}
   */
  public static boolean isNoSpace(IOException e) {
    String text = e instanceof FileSystemException f ? f.getReason() : e.getMessage();
    return text != null && text.startsWith("No space left");
  }
}
