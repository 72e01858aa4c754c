package dev.rekindle.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Inputs in files: {@code <folder>/<target>/<any name>}. */
final class Corpus {
  private Corpus() {}

  static void writeSeeds(FuzzTarget target, Path folder) throws Exception {
    Path own = Files.createDirectories(folder.resolve(target.name()));
    List<byte[]> seeds = target.seeds();
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(own.resolve("seed-" + i), seeds.get(i));
    }
  }

  /** Writes a target's inputs with its number in front. */
  static void join(FuzzTarget target, int number, Path corpus, Path folder) throws IOException {
    Files.createDirectories(folder);
    for (Path input : inputs(target, corpus)) {
      byte[] bytes = Files.readAllBytes(input);
      byte[] numbered = new byte[1 + bytes.length];
      numbered[0] = (byte) number;
      System.arraycopy(bytes, 0, numbered, 1, bytes.length);
      Files.write(folder.resolve(target.name() + "-" + input.getFileName()), numbered);
    }
  }

  /** Files of a target, by name. */
  static List<Path> inputs(FuzzTarget target, Path folder) throws IOException {
    try (var files = Files.list(folder.resolve(target.name()))) {
      return files.sorted().toList();
    }
  }
}
