package dev.rekindle.snapshotter.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.restore.SnapshotReader;
import dev.rekindle.vmm.abi.linux.Errno;
import dev.rekindle.vmm.sys.ErrnoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotWriterTest {
  private static final Instant NOW = Instant.parse("2026-11-23T10:00:00.123456Z");

  @TempDir Path snapshots;

  @Test
  void shouldPublishOneDirectoryWithThreeFiles() throws Exception {
    Path directory = SnapshotFixture.write(snapshots, "s-1");

    assertThat(snapshots).isDirectoryNotContaining("glob:**/.unfinished-*");
    assertThat(directory)
        .isDirectoryContaining("glob:**/manifest.json")
        .isDirectoryContaining("glob:**/state.bin")
        .isDirectoryContaining("glob:**/memory.bin");
    try (var files = Files.list(directory)) {
      assertThat(files).hasSize(3);
    }
  }

  @Test
  void shouldLeaveZeroPagesOut() throws Exception {
    Path directory = SnapshotFixture.write(snapshots, "s-1");

    Manifest manifest = SnapshotReader.readManifest(directory);
    Path memory = directory.resolve("memory.bin");
    assertThat(manifest.memory().dataBytes()).isEqualTo(4 * 4096);
    assertThat(Files.size(memory)).isEqualTo(SnapshotFixture.MEMORY_BYTES);
    byte[] bytes = Files.readAllBytes(memory);
    assertThat(bytes[4096]).isEqualTo((byte) 0x88);
    assertThat(bytes[3 * 4096 - 1]).isEqualTo((byte) 7);
    assertThat(bytes[bytes.length - 1]).isEqualTo((byte) 9);
  }

  @Test
  void shouldSayWhatItIsInTheManifest() throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      new SnapshotWriter(snapshots, OutputFile::create, () -> NOW)
          .write(
              SnapshotFixture.description("s-1"),
              SnapshotFixture.shape(),
              List.of(),
              SnapshotFixture.memory(arena));
    }

    Manifest manifest = SnapshotReader.readManifest(snapshots.resolve("s-1"));
    assertThat(manifest.createdAt()).isEqualTo("2026-11-23T10:00:00.123Z");
    assertThat(manifest.shape()).isEqualTo(SnapshotFixture.shape());
    assertThat(manifest.images()).isEqualTo(SnapshotFixture.description("s-1").images());
    assertThat(manifest.cpu()).isEqualTo(SnapshotFixture.description("s-1").cpu());
    assertThat(manifest.memory().regions())
        .containsExactly(new Manifest.Region(0, SnapshotFixture.MEMORY_BYTES, 0));
  }

  @Test
  void shouldLeaveNothingWhenTheDiskIsFull() {
    for (int room = 0; room < 7; room++) {
      FillingDisk disk = new FillingDisk(room);

      assertThatThrownBy(() -> writeTo(disk))
          .isInstanceOfSatisfying(
              SnapshotException.class,
              e -> assertThat(e.error()).isEqualTo(SnapshotError.NO_SPACE));

      assertThat(snapshots).isEmptyDirectory();
      assertThat(disk.open).isZero();
    }
  }

  @Test
  void shouldRefuseAnIdThatExists() throws Exception {
    SnapshotFixture.write(snapshots, "s-1");

    assertThatThrownBy(() -> SnapshotFixture.write(snapshots, "s-1"))
        .isInstanceOfSatisfying(
            SnapshotException.class, e -> assertThat(e.error()).isEqualTo(SnapshotError.IO));

    assertThat(SnapshotReader.readManifest(snapshots.resolve("s-1"))).isNotNull();
    assertThat(snapshots).isDirectoryNotContaining("glob:**/.unfinished-*");
  }

  private void writeTo(OutputFile.Opener opener) throws SnapshotException {
    try (Arena arena = Arena.ofConfined()) {
      new SnapshotWriter(snapshots, opener, () -> NOW)
          .write(
              SnapshotFixture.description("s-1"),
              SnapshotFixture.shape(),
              List.of(SnapshotFixture.STATE),
              SnapshotFixture.memory(arena));
    }
  }

  /** A disk with room for a number of writes; syncing counts as one, as delayed allocation does. */
  private static final class FillingDisk implements OutputFile.Opener {
    private int room;
    private int open;

    FillingDisk(int room) {
      this.room = room;
    }

    @Override
    public OutputFile open(Path path) {
      OutputFile file = OutputFile.create(path);
      open++;
      return new OutputFile() {
        @Override
        public void setLength(long bytes) {
          file.setLength(bytes);
        }

        @Override
        public void write(MemorySegment source, long offset) {
          take();
          file.write(source, offset);
        }

        @Override
        public void sync() {
          take();
          file.sync();
        }

        @Override
        public void close() {
          open--;
          file.close();
        }
      };
    }

    private void take() {
      if (room-- == 0) {
        throw new ErrnoException("pwrite", Errno.ENOSPC, "test");
      }
    }
  }
}
