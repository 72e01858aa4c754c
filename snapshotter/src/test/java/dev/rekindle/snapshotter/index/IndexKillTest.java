package dev.rekindle.snapshotter.index;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.capture.SnapshotFixture;
import java.io.BufferedReader;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A service that is killed while it puts, a host process that reads on, a service that follows. */
@Timeout(300)
class IndexKillTest {
  private static final int KILLS = 3;

  @TempDir private Path state;

  @Test
  void shouldServeReadersAndTheNextServiceAfterAKillInTheMiddleOfAPut() throws Exception {
    SnapshotFixture.write(state.resolve("snapshots"), "base-1");
    IndexKeys keys = IndexKeys.open(state);
    Random random = new Random(5);
    try (IndexFollower reader = new IndexFollower(state, keys.publicKey())) {
      long generation = 0;
      for (int kill = 0; kill < KILLS; kill++) {
        Process writer = start();
        try {
          long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(50 + random.nextInt(200));
          while (System.nanoTime() < end) {
            readAll(reader);
          }
        } finally {
          writer.destroyForcibly().waitFor();
        }
        // One value may have been cut short, and one key be missing; no more, and nothing is wrong.
        assertThat(readAll(reader)).isGreaterThanOrEqualTo(IndexWriterMain.KEYS - 1);
        assertThat(reader.counts().generation()).isGreaterThan(generation);
        generation = reader.counts().generation();

        try (IndexKeeper next = new IndexKeeper(state, keys, List::of)) {
          next.start();
          next.update(Set.of()).get(240, TimeUnit.SECONDS);

          assertThat(next.status().state()).isEqualTo(IndexKeeper.State.PUBLISHED);
          assertThat(next.status().generation()).isGreaterThan(generation);
          assertThat(reader.ask("base-1").entry()).isPresent();
          assertThat(reader.ask("s-0").entry()).isEmpty();
        }
      }
    }
  }

  /** How many entries were whole. */
  private static int readAll(IndexFollower reader) throws Exception {
    int whole = 0;
    for (int i = 0; i < IndexWriterMain.KEYS; i++) {
      try {
        var entry = reader.ask("s-" + i).entry();
        if (entry.isPresent()) {
          assertThat(entry.get())
              .isIn(IndexEntries.snapshot("s-" + i, 1), IndexEntries.snapshot("s-" + i, 2));
          whole++;
        }
      } catch (IndexException e) {
        // While it is overwritten without a pause, or where the writer was killed at it.
        assertThat(e.error()).isIn(IndexError.DAMAGED, IndexError.REPLAYED);
      }
    }
    return whole;
  }

  private Process start() throws Exception {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "@../scripts/service.jvmargs",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                IndexWriterMain.class.getName(),
                state.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .start();
    BufferedReader out = process.inputReader();
    String line = out.readLine();
    while (line != null && !line.equals("writing")) {
      line = out.readLine();
    }
    assertThat(line).isEqualTo("writing");
    return process;
  }
}
