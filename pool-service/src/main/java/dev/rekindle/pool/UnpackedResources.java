package dev.rekindle.pool;

import io.vertx.core.file.FileSystemOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What Vert.x serves out of jars it unpacks first, each process into a directory of its own, and
 * removes that when it ends. One that was killed could not: the next service does.
 */
final class UnpackedResources {
  private static final String PREFIX = "unpacked-";

  private UnpackedResources() {}

  /**
   * Makes room in the state directory, of which there is one service at a time.
   *
   * @param stateDir made if it is missing
   * @return options that unpack there
   * @throws IOException if it cannot be written
   */
  static FileSystemOptions below(Path stateDir) throws IOException {
    Path folder = Files.createDirectories(stateDir);
    List<Path> old;
    try (Stream<Path> entries = Files.list(folder)) {
      old = entries.filter(e -> e.getFileName().toString().startsWith(PREFIX)).toList();
    }
    for (Path directory : old) {
      remove(directory);
    }
    return new FileSystemOptions().setFileCacheDir(folder.resolve("unpacked").toString());
  }

  private static void remove(Path directory) throws IOException {
    List<Path> files;
    try (Stream<Path> all = Files.walk(directory)) {
      files = all.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }
}
