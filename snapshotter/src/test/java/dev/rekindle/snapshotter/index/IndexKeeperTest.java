package dev.rekindle.snapshotter.index;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.rekindle.snapshotter.capture.SnapshotFixture;
import dev.rekindle.snapshotter.format.SnapshotDigests;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The service's side, read by a host process's. */
@Timeout(300)
class IndexKeeperTest {
  @TempDir private Path state;
  private final List<IndexEntry.TemplateEntry> templates = new ArrayList<>();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private IndexKeys keys;
  private IndexFollower follower;
  private IndexKeeper keeper;

  @BeforeEach
  void open() throws Exception {
    log.start();
    ((Logger) LoggerFactory.getLogger(PublishedIndex.class)).addAppender(log);
    keys = IndexKeys.open(state);
    follower = new IndexFollower(state, keys.publicKey());
  }

  @AfterEach
  void close() {
    ((Logger) LoggerFactory.getLogger(PublishedIndex.class)).detachAppender(log);
    follower.close();
    if (keeper != null) {
      keeper.close();
    }
  }

  private void add(String id) throws Exception {
    SnapshotFixture.write(state.resolve("snapshots"), id);
  }

  /** A service starts; the one before is gone. */
  private void start() throws Exception {
    if (keeper != null) {
      keeper.close();
    }
    keeper = new IndexKeeper(state, keys, () -> List.copyOf(templates));
    keeper.start();
    idle();
  }

  private void update() throws Exception {
    keeper.update(Set.of());
    idle();
  }

  /** An update is answered before a new file is made; the next one waits for it. */
  private void idle() throws Exception {
    keeper.update(Set.of()).get(240, TimeUnit.SECONDS);
  }

  private Path file() {
    return state.resolve("index/index-" + keeper.status().generation() + ".map");
  }

  @Test
  void shouldMakeNoFileWhereThereIsNothingToIndex() throws Exception {
    start();

    assertThat(keeper.status().state()).isEqualTo(IndexKeeper.State.EMPTY);
    assertThat(state.resolve("index")).isEmptyDirectory();
    assertThat(follower.ask("base-1").indexed()).isFalse();
  }

  @Test
  void shouldSayOfASnapshotWhatLiesOnDisk() throws Exception {
    add("base-1");
    templates.add(IndexEntries.template("base", "base-1", 1));
    templates.add(IndexEntries.template("other", "nowhere-1", 1));
    start();

    IndexEntry.SnapshotEntry entry = follower.ask("base-1").entry().orElseThrow();

    Path directory = state.resolve("snapshots/base-1");
    byte[] manifest = Files.readAllBytes(directory.resolve("manifest.json"));
    assertThat(entry.location()).isEqualTo("base-1");
    assertThat(entry.template()).isEqualTo("base");
    assertThat(entry.shape()).isEqualTo(SnapshotFixture.shape());
    assertThat(entry.sizes().memoryBytes()).isEqualTo(SnapshotFixture.MEMORY_BYTES);
    assertThat(entry.sizes().stateBytes()).isEqualTo(Files.size(directory.resolve("state.bin")));
    assertThat(new String(manifest)).startsWith("{\"crc32c\":\"" + entry.manifestCrc32c());
    assertThat(entry.digests().manifest()).isEqualTo(SnapshotDigests.sha256(manifest));
    assertThat(keeper.status())
        .isEqualTo(
            new IndexKeeper.Status(
                IndexKeeper.State.PUBLISHED, keeper.status().generation(), 1, 1, 0, null));
  }

  @Test
  void shouldFollowTheDiskInOneFile() throws Exception {
    add("base-1");
    start();
    long generation = keeper.status().generation();

    add("base-2");
    templates.add(IndexEntries.template("base", "base-2", 2));
    update();
    assertThat(follower.ask("base-2").entry()).isPresent();
    // Its files are still there, for a moment.
    keeper.update(Set.of("base-1")).get(240, TimeUnit.SECONDS);

    assertThat(follower.ask("base-1"))
        .isEqualTo(new IndexFollower.Answer(true, java.util.Optional.empty()));
    assertThat(keeper.status().generation()).isEqualTo(generation);
    assertThat(file()).exists();
  }

  @Test
  void shouldTakeUpAnUntouchedFileAndWriteAnotherAtTheFirstChange() throws Exception {
    add("base-1");
    start();
    long first = keeper.status().generation();

    start();
    assertThat(keeper.status().generation()).isEqualTo(first);
    assertThat(follower.ask("base-1").entry()).isPresent();
    add("base-2");
    update();

    assertThat(keeper.status().generation()).isEqualTo(first + 1);
    assertThat(follower.ask("base-2").entry()).isPresent();
    assertThat(keeper.status().rebuilds()).isZero();
    try (var files = Files.list(state.resolve("index"))) {
      assertThat(files.map(f -> f.getFileName().toString()))
          .containsExactlyInAnyOrder("current", "index-" + (first + 1) + ".map");
    }
  }

  @Test
  void shouldNotOfferALeftIndexThatLacksWhatWasPublishedSince() throws Exception {
    add("base-1");
    start();
    keeper.close();
    add("base-2");

    IndexKeeper next = new IndexKeeper(state, keys, List::of);
    keeper = next;
    next.start();

    // Withdrawn at once, whatever the thread is at; then with the new one in it.
    IndexFollower.Answer now = follower.ask("base-2");
    assertThat(!now.indexed() || now.entry().isPresent()).isTrue();
    idle();
    assertThat(follower.ask("base-2").entry()).isPresent();
  }

  @Test
  void shouldRebuildADamagedFileAndSaySo() throws Exception {
    add("base-1");
    start();
    keeper.close();
    byte[] noise = new byte[(int) Files.size(file())];
    new Random(3).nextBytes(noise);
    Files.write(file(), noise);

    start();

    assertThat(keeper.status().rebuilds()).isEqualTo(1);
    assertThat(log.list)
        .anyMatch(e -> e.getFormattedMessage().contains("rebuilt from the manifests on disk"));
    assertThat(follower.ask("base-1").entry()).isPresent();
  }

  @Test
  void shouldRebuildATruncatedFileWhileItRuns() throws Exception {
    add("base-1");
    start();
    assertThat(follower.ask("base-1").entry()).isPresent();
    try (RandomAccessFile map = new RandomAccessFile(file().toFile(), "rw")) {
      map.setLength(4096);
    }

    update();

    assertThat(keeper.status().rebuilds()).isEqualTo(1);
    assertThat(follower.ask("base-1").entry()).isPresent();
  }

  @Test
  void shouldRebuildWhatSomebodyWroteInto() throws Exception {
    add("base-1");
    start();
    byte[] map = Files.readAllBytes(file());
    int at = new String(map, java.nio.charset.StandardCharsets.ISO_8859_1).indexOf("snapshot/");
    try (RandomAccessFile out = new RandomAccessFile(file().toFile(), "rw")) {
      out.seek(at + 100);
      out.write(new byte[40]);
    }

    update();

    assertThat(keeper.status().rebuilds()).isEqualTo(1);
    assertThat(follower.ask("base-1").entry()).isPresent();
  }

  @Test
  void shouldNoteAWorkingSetThatCameLater() throws Exception {
    add("base-1");
    start();
    assertThat(follower.ask("base-1").entry().orElseThrow().sizes().workingSetBytes()).isZero();

    Files.write(state.resolve("snapshots/base-1/workingset.bin"), new byte[77]);
    update();

    assertThat(follower.ask("base-1").entry().orElseThrow().sizes().workingSetBytes())
        .isEqualTo(77);
  }

  @Test
  void shouldLeaveADamagedSnapshotOut() throws Exception {
    add("base-1");
    add("bad-1");
    Files.writeString(state.resolve("snapshots/bad-1/manifest.json"), "{}");
    start();

    assertThat(follower.ask("base-1").entry()).isPresent();
    assertThat(follower.ask("bad-1").entry()).isEmpty();
  }

  @Test
  void shouldKeepThePrivateKeyToTheService() throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(state.resolve("keys"))))
        .isEqualTo("rwx------");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(state.resolve("keys/index.key"))))
        .isEqualTo("rw-------");
    assertThat(IndexKeys.open(state).publicKey()).isEqualTo(keys.publicKey());
    add("base-1");
    start();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-r--r--");
  }
}
