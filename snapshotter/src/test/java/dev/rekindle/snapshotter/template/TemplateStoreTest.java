package dev.rekindle.snapshotter.template;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rekindle.snapshotter.capture.SnapshotFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TemplateStoreTest {
  @TempDir Path state;
  private TemplateStore store;
  private JsonNode recipe;

  @BeforeEach
  void open() throws Exception {
    store = new TemplateStore(state);
    recipe = new ObjectMapper().readTree("{\"memoryMib\":128}");
  }

  @Test
  void shouldFindNothingInAnEmptyState() throws Exception {
    assertThat(store.find("base")).isEmpty();
    assertThat(store.list()).isEmpty();
    assertThat(store.unreferencedSnapshots()).isEmpty();
    assertThat(store.delete("base")).isFalse();
    store.sweepUnfinished();
  }

  @Test
  void shouldCountGenerations() throws Exception {
    SnapshotFixture.write(store.snapshotsDir(), "base-1");
    SnapshotFixture.write(store.snapshotsDir(), "base-2");

    Template first = store.publish("base", recipe, "base-1");
    Template second = store.publish("base", recipe, "base-2");

    assertThat(first.generation()).isEqualTo(1);
    assertThat(second.generation()).isEqualTo(2);
    assertThat(store.find("base")).contains(second);
    assertThat(store.list()).containsExactly(second);
    assertThat(store.unreferencedSnapshots()).containsExactly("base-1");
  }

  @Test
  void shouldRemoveSnapshotsByOrderOnly() throws Exception {
    Path directory = SnapshotFixture.write(store.snapshotsDir(), "base-1");
    store.publish("base", recipe, "base-1");

    assertThat(store.delete("base")).isTrue();

    assertThat(store.find("base")).isEmpty();
    assertThat(directory).isDirectory();
    store.removeSnapshot("base-1");
    assertThat(directory).doesNotExist();
    assertThat(store.unreferencedSnapshots()).isEmpty();
  }

  @Test
  void shouldNotPublishASnapshotThatIsNotThere() {
    assertThatThrownBy(() -> store.publish("base", recipe, "base-1"))
        .isInstanceOf(NoSuchFileException.class);
  }

  @Test
  void shouldLeaveDamagedTemplatesOutOfTheListAndKeepAllSnapshots() throws Exception {
    SnapshotFixture.write(store.snapshotsDir(), "base-1");
    store.publish("base", recipe, "base-1");
    Files.writeString(state.resolve("templates/bad.json"), "{");

    assertThat(store.list()).extracting(Template::name).containsExactly("base");
    assertThatThrownBy(() -> store.find("bad")).isInstanceOf(IOException.class);
    assertThatThrownBy(store::unreferencedSnapshots).isInstanceOf(IOException.class);
  }

  @Test
  void shouldSweepWhatAKilledWriterLeft() throws Exception {
    SnapshotFixture.write(store.snapshotsDir(), "base-1");
    Path left = Files.createDirectories(store.snapshotsDir().resolve(".unfinished-base-2"));
    Files.writeString(left.resolve("memory.bin"), "x");

    store.sweepUnfinished();

    assertThat(left).doesNotExist();
    assertThat(store.snapshotDir("base-1")).isDirectory();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "-a", "A", "a/b", "..", "a.json", "a_b", "ä"})
  void shouldRefuseNamesThatAreNone(String name) {
    assertThat(TemplateName.isValid(name)).isFalse();
    assertThatIllegalArgumentException().isThrownBy(() -> store.find(name));
  }

  @Test
  void shouldMakeSnapshotIdsOfTheLongestName() {
    assertThat(store.snapshotDir(TemplateName.newSnapshotId("a".repeat(48)))).isNotNull();
  }
}
