package dev.rekindle.snapshotter.index;

import dev.rekindle.snapshotter.capture.SnapshotFixture;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Keeps an index on a disk that is full, and then is not; prints what became of it. */
final class IndexFullDiskMain {
  private IndexFullDiskMain() {}

  public static void main(String... args) throws Exception {
    Path state = Path.of(args[0]);
    SnapshotFixture.write(state.resolve("snapshots"), "base-1");
    IndexKeys keys = IndexKeys.open(state);
    Path fill = state.resolve("fill");
    fill(fill);
    try (IndexKeeper keeper = new IndexKeeper(state, keys, List::of);
        IndexFollower reader = new IndexFollower(state, keys.publicKey())) {
      keeper.start();
      keeper.update(Set.of()).get();
      System.out.println(
          "* "
              + keeper.status().error()
              + " "
              + keeper.status().state()
              + " "
              + reader.ask("base-1").indexed());
      try (var files = Files.list(state.resolve("index"))) {
        System.out.println("* " + files.count() + " files");
      }
      Files.delete(fill);
      keeper.update(Set.of()).get();
      keeper.update(Set.of()).get();
      System.out.println(
          "* "
              + keeper.status().error()
              + " "
              + keeper.status().state()
              + " "
              + reader.ask("base-1").entry().isPresent());
    }
    System.exit(0);
  }

  private static void fill(Path file) throws IOException {
    try (OutputStream out = Files.newOutputStream(file)) {
      byte[] block = new byte[64 << 10];
      while (true) {
        out.write(block);
      }
    } catch (IOException e) {
      System.err.println("full: " + e.getMessage());
    }
  }
}
