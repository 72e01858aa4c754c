package dev.rekindle.snapshotter.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A host process's reader, over files that Chronicle wrote. */
@Timeout(300)
class IndexFollowerTest {
  @TempDir private Path state;
  private Path folder;
  private IndexFollower follower;

  @BeforeEach
  void make() throws Exception {
    folder = Files.createDirectories(state.resolve(IndexKeeper.FOLDER));
    follower =
        new IndexFollower(
            state, Base64.getEncoder().encodeToString(IndexEntries.PAIR.getPublic().getEncoded()));
  }

  @AfterEach
  void close() {
    follower.close();
  }

  private byte[] publish(long generation, String... ids) throws Exception {
    Map<String, IndexEntry> entries = new HashMap<>();
    for (String id : ids) {
      IndexEntry entry = IndexEntries.snapshot(id);
      entries.put(entry.key(), entry);
    }
    try (IndexFile file =
        IndexFile.make(folder, generation, IndexEntries.SIGNER, IndexEntries.VERIFIER, entries)) {
      byte[] pointer = file.generation().pointer();
      IndexPointer.publish(folder, pointer);
      return pointer;
    }
  }

  private void assertRefused(IndexError error) {
    long before = follower.counts().rejected();
    assertThatThrownBy(() -> follower.ask("base-1"))
        .isInstanceOfSatisfying(IndexException.class, e -> assertThat(e.error()).isEqualTo(error));
    assertThat(follower.counts().rejected()).isEqualTo(before + 1);
  }

  @Test
  void shouldSayThatThereIsNoIndex() throws Exception {
    assertThat(follower.ask("base-1").indexed()).isFalse();

    assertThat(follower.counts()).isEqualTo(new IndexFollower.Counts(0, 0, 0, 0, 1));
  }

  @Test
  void shouldFollowFromFileToFile() throws Exception {
    publish(1, "base-1");
    assertThat(follower.ask("base-1").entry()).contains(IndexEntries.snapshot("base-1"));
    assertThat(follower.ask("base-2"))
        .isEqualTo(new IndexFollower.Answer(true, java.util.Optional.empty()));

    publish(2, "base-1", "base-2");
    Files.delete(folder.resolve("index-1.map"));

    assertThat(follower.ask("base-2").entry()).isPresent();
    assertThat(follower.counts()).isEqualTo(new IndexFollower.Counts(2, 2, 3, 0, 0));
    IndexPointer.withdraw(folder);
    assertThat(follower.ask("base-2").indexed()).isFalse();
  }

  @Test
  void shouldRefuseAPointerThatIsNotTheServices() throws Exception {
    byte[] pointer = publish(1, "base-1");
    pointer[30] ^= 1;
    IndexPointer.publish(folder, pointer);
    assertRefused(IndexError.DAMAGED);

    IndexPointer.publish(folder, Forgery.withRightChecksum(pointer));
    assertRefused(IndexError.SIGNATURE_INVALID);

    IndexPointer.publish(folder, new byte[] {1});
    assertRefused(IndexError.DAMAGED);
  }

  @Test
  void shouldNotGoBackToAnOlderFile() throws Exception {
    byte[] old = publish(1, "base-1", "removed-1");
    publish(2, "base-1");
    assertThat(follower.ask("base-1").entry()).isPresent();

    IndexPointer.publish(folder, old);

    assertRefused(IndexError.REPLAYED);
  }

  @Test
  void shouldRefuseAFileThatIsShorterOrAnothers() throws Exception {
    publish(1, "base-1");
    Path file = folder.resolve("index-1.map");
    try (RandomAccessFile map = new RandomAccessFile(file.toFile(), "rw")) {
      map.setLength(map.length() / 2);
    }
    assertRefused(IndexError.DAMAGED);

    Files.delete(file);
    assertRefused(IndexError.DAMAGED);
  }

  @Test
  void shouldOutliveAFileThatIsCutOffUnderIt() throws Exception {
    publish(1, "base-1");
    assertThat(follower.ask("base-1").entry()).isPresent();

    // Of the mapping nothing is left: every access is a SIGBUS.
    try (RandomAccessFile map =
        new RandomAccessFile(folder.resolve("index-1.map").toFile(), "rw")) {
      map.setLength(0);
    }

    assertRefused(IndexError.DAMAGED);
    assertThat(follower.counts().entries()).isZero();
    publish(2, "base-1");
    assertThat(follower.ask("base-1").entry()).isPresent();
  }

  @Test
  void shouldFindNothingWrongInNoise() throws Exception {
    publish(1, "base-1", "base-2");
    Path file = folder.resolve("index-1.map");
    byte[] whole = Files.readAllBytes(file);
    java.util.Random random = new java.util.Random(1);

    for (int round = 0; round < 200; round++) {
      byte[] noise = new byte[1 + random.nextInt(64 << 10)];
      random.nextBytes(noise);
      try (RandomAccessFile map = new RandomAccessFile(file.toFile(), "rw")) {
        map.write(whole);
        map.seek(random.nextInt(whole.length - noise.length));
        map.write(noise);
      }
      try {
        follower
            .ask("base-1")
            .entry()
            .ifPresent(e -> assertThat(e).isEqualTo(IndexEntries.snapshot("base-1")));
      } catch (IndexException e) {
        assertThat(e.error()).isIn(IndexError.DAMAGED, IndexError.SIGNATURE_INVALID);
      }
    }
  }
}
