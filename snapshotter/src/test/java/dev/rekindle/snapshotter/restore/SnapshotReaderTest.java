package dev.rekindle.snapshotter.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.capture.SnapshotFixture;
import dev.rekindle.snapshotter.format.Section;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SnapshotReaderTest {
  @TempDir Path snapshots;
  private Path directory;

  @BeforeEach
  void write() throws Exception {
    directory = SnapshotFixture.write(snapshots, "s-1");
  }

  @Test
  void shouldOpenWhatWasWritten() throws Exception {
    SnapshotReader.Opened opened = SnapshotReader.open(directory);

    try (var memory = opened.memoryFile()) {
      assertThat(memory.fd()).isPositive();
      assertThat(opened.manifest().shape()).isEqualTo(SnapshotFixture.shape());
      Section state = SnapshotReader.only(opened.sections(), "TEST");
      assertThat(state.payload()).isEqualTo(SnapshotFixture.STATE.payload());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"manifest.json", "state.bin", "memory.bin"})
  void shouldRefuseWhenAFileIsMissing(String file) throws Exception {
    Files.delete(directory.resolve(file));

    assertRefused(SnapshotError.MISSING_FILE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"state.bin", "memory.bin"})
  void shouldRefuseWhenAFileIsTruncated(String file) throws Exception {
    Path path = directory.resolve(file);
    try (RandomAccessFile raw = new RandomAccessFile(path.toFile(), "rw")) {
      raw.setLength(file.equals("memory.bin") ? raw.length() - 4096 : raw.length() - 8);
    }

    assertRefused(SnapshotError.TRUNCATED);
  }

  @Test
  void shouldRefuseManifestCutOff() throws Exception {
    byte[] bytes = Files.readAllBytes(directory.resolve("manifest.json"));
    for (int length : new int[] {0, 10, 22, bytes.length / 2, bytes.length - 1}) {
      Files.write(directory.resolve("manifest.json"), java.util.Arrays.copyOf(bytes, length));

      assertThatThrownBy(() -> SnapshotReader.open(directory))
          .isInstanceOfSatisfying(
              SnapshotException.class,
              e ->
                  assertThat(e.error())
                      .isIn(SnapshotError.TRUNCATED, SnapshotError.CHECKSUM_MISMATCH));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"state.bin", "memory.bin"})
  void shouldRefuseWhenAFileHasGrown(String file) throws Exception {
    try (RandomAccessFile raw = new RandomAccessFile(directory.resolve(file).toFile(), "rw")) {
      raw.setLength(raw.length() + 4096);
    }

    assertRefused(SnapshotError.SIZE_MISMATCH);
  }

  @ParameterizedTest
  @ValueSource(strings = {"manifest.json", "state.bin", "memory.bin"})
  void shouldRefuseOneFlippedBitWhereverItIs(String file) throws Exception {
    Random random = new Random(3);
    Path path = directory.resolve(file);
    for (int round = 0; round < 100; round++) {
      long at = random.nextLong(Files.size(path));
      int bit = 1 << random.nextInt(8);
      flip(path, at, bit);

      assertThatThrownBy(() -> SnapshotReader.open(directory))
          .describedAs("%s byte %d bit %d", file, at, bit)
          .isInstanceOfSatisfying(
              SnapshotException.class,
              e ->
                  assertThat(e.error())
                      .isIn(SnapshotError.CHECKSUM_MISMATCH, SnapshotError.BAD_MAGIC));

      flip(path, at, bit);
    }
    SnapshotReader.open(directory).memoryFile().close();
  }

  @Test
  void shouldRefuseManifestOfAnotherSnapshot() throws Exception {
    Path other = Files.move(directory, snapshots.resolve("s-2"));

    assertThatThrownBy(() -> SnapshotReader.open(other))
        .isInstanceOfSatisfying(
            SnapshotException.class,
            e -> assertThat(e.error()).isEqualTo(SnapshotError.MANIFEST_INVALID));
  }

  @Test
  void shouldRefuseFilesOfTwoSnapshotsMixed() throws Exception {
    Path other = SnapshotFixture.write(snapshots, "s-2");
    byte[] memory = Files.readAllBytes(other.resolve("memory.bin"));
    memory[100] = 1;
    Files.write(directory.resolve("memory.bin"), memory);

    assertRefused(SnapshotError.CHECKSUM_MISMATCH);
  }

  @Test
  void shouldNotLeaveDescriptorsOpenWhenRefused() throws Exception {
    flip(directory.resolve("memory.bin"), 0, 1);
    long before = descriptors();

    for (int i = 0; i < 50; i++) {
      assertRefused(SnapshotError.CHECKSUM_MISMATCH);
    }

    assertThat(descriptors()).isLessThan(before + 10);
  }

  private void assertRefused(SnapshotError error) {
    assertThatThrownBy(() -> SnapshotReader.open(directory))
        .isInstanceOfSatisfying(
            SnapshotException.class, e -> assertThat(e.error()).isEqualTo(error));
  }

  private static void flip(Path file, long at, int bit) throws Exception {
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.seek(at);
      int value = raw.read();
      raw.seek(at);
      raw.write(value ^ bit);
    }
  }

  private static long descriptors() throws Exception {
    try (var fds = Files.list(Path.of("/proc/self/fd"))) {
      return fds.count();
    }
  }
}
