package dev.rekindle.pool.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessRecordTest {
  @TempDir private Path directory;
  private Process process;

  @BeforeEach
  void start() throws Exception {
    process = new ProcessBuilder("sleep", "60").start();
  }

  @AfterEach
  void stop() {
    process.destroyForcibly();
  }

  @Test
  void shouldFindAProcessThatRuns() throws Exception {
    ProcessRecord written = ProcessRecord.write(directory, "host-1", process.pid());

    assertThat(ProcessRecord.readAll(directory)).containsExactly(written);
    assertThat(written.find()).contains(process.toHandle());
    ProcessRecord.delete(directory, written.name());
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void shouldNotTakeAnotherProcessOfTheSameNumberForIt() throws Exception {
    ProcessRecord written = ProcessRecord.write(directory, "host-1", process.pid());

    assertThat(
            new ProcessRecord(
                    written.name(), written.pid(), written.startTicks() - 1, written.bootId())
                .find())
        .isEmpty();
    assertThat(
            new ProcessRecord(written.name(), written.pid(), written.startTicks(), new UUID(1, 2))
                .find())
        .isEmpty();
  }

  @Test
  void shouldNotFindAProcessThatEnded() throws Exception {
    ProcessRecord written = ProcessRecord.write(directory, "host-1", process.pid());

    process.destroyForcibly();
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();

    assertThat(written.find()).isEmpty();
    assertThatThrownBy(() -> ProcessRecord.write(directory, "host-2", process.pid()))
        .isInstanceOf(java.io.IOException.class);
  }

  @Test
  void shouldPassOverWhatIsNoRecord() throws Exception {
    Files.writeString(directory.resolve("a.process"), "");
    Files.writeString(directory.resolve("b.process"), "1 x y");
    Files.writeString(directory.resolve("c.process"), "1 2 3");
    Files.writeString(directory.resolve("d.sock"), "");

    assertThat(ProcessRecord.readAll(directory)).isEmpty();
  }
}
