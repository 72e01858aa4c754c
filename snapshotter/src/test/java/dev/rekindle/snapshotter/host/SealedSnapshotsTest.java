package dev.rekindle.snapshotter.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.snapshotter.capture.SnapshotFixture;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.host.protocol.HostReply;
import dev.rekindle.snapshotter.index.IndexFollower;
import dev.rekindle.snapshotter.index.IndexKeeper;
import dev.rekindle.snapshotter.index.IndexKeys;
import dev.rekindle.snapshotter.restore.SnapshotReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Which snapshots a host process loads. */
@Timeout(300)
class SealedSnapshotsTest {
  @TempDir private Path state;
  private Path snapshots;
  private IndexKeeper keeper;
  private SealedSnapshots seal;

  @BeforeEach
  void open() throws Exception {
    snapshots = state.resolve("snapshots");
    IndexKeys keys = IndexKeys.open(state);
    keeper = new IndexKeeper(state, keys, List::of);
    seal = new SealedSnapshots(new IndexFollower(state, keys.publicKey()));
    SnapshotFixture.write(snapshots, "base-1");
  }

  @AfterEach
  void close() {
    seal.close();
    keeper.close();
  }

  private void index() throws Exception {
    keeper.start();
    keeper.update(Set.of()).get(240, TimeUnit.SECONDS);
  }

  private void load(String id) throws SnapshotException {
    SnapshotReader.open(snapshots.resolve(id), seal).memoryFile().close();
  }

  private void assertRefused(String id, SnapshotError error) {
    assertThatThrownBy(() -> load(id))
        .isInstanceOfSatisfying(
            SnapshotException.class, e -> assertThat(e.error()).isEqualTo(error));
  }

  @Test
  void shouldLoadByItsChecksumsAloneWhileThereIsNoIndex() throws Exception {
    load("base-1");

    assertThat(seal.stats()).isEqualTo(new HostReply.IndexStats(0, 0, 0, 0, 1));
  }

  @Test
  void shouldLoadWhatTheServiceSigned() throws Exception {
    index();

    load("base-1");

    assertThat(seal.stats()).isEqualTo(new HostReply.IndexStats(1, 1, 1, 0, 0));
  }

  @Test
  void shouldRefuseWhatIsNotInTheIndex() throws Exception {
    index();
    SnapshotFixture.write(snapshots, "base-2");

    assertRefused("base-2", SnapshotError.NOT_INDEXED);
  }

  @Test
  void shouldRefuseFilesOfAnotherSnapshotOfTheSameName() throws Exception {
    index();
    // Written at another time: intact by its own checksums, and not what was published.
    SnapshotFixture.write(state.resolve("other"), "base-1");
    for (String file : List.of("manifest.json", "state.bin", "memory.bin")) {
      Files.copy(
          state.resolve("other/base-1").resolve(file),
          snapshots.resolve("base-1").resolve(file),
          StandardCopyOption.REPLACE_EXISTING);
    }

    assertRefused("base-1", SnapshotError.NOT_AS_SIGNED);
  }

  @Test
  void shouldRefuseAnIndexThatIsNotTheServices() throws Exception {
    index();
    byte[] pointer = Files.readAllBytes(state.resolve("index/current"));
    pointer[40] ^= 1;
    Files.write(state.resolve("index/current"), pointer);

    assertRefused("base-1", SnapshotError.INDEX_REFUSED);

    assertThat(seal.stats().rejected()).isEqualTo(1);
  }
}
