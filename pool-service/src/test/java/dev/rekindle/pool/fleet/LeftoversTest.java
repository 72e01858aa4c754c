package dev.rekindle.pool.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.pool.process.ProcessRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class LeftoversTest {
  @TempDir private Path run;
  private final List<Process> processes = new ArrayList<>();

  private Process start(String... command) throws Exception {
    Process process = new ProcessBuilder(command).start();
    processes.add(process);
    return process;
  }

  @AfterEach
  void stop() {
    for (Process process : processes) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private static String name(int slot, long random) {
    return "host-%d-%016x".formatted(slot, random);
  }

  private Path socket(int slot, long random) throws Exception {
    Path socket = Leftovers.socket(run, slot, random);
    Files.createDirectories(socket.getParent());
    return Files.createFile(socket);
  }

  @Test
  void shouldFindHostProcessesThatRunAndHaveASocket() throws Exception {
    Process host = start("sleep", "60");
    ProcessRecord record = ProcessRecord.write(run, name(7, 1), host.pid());
    Path socket = socket(7, 1);
    socket(8, 1);

    assertThat(Leftovers.find(run))
        .containsExactly(new Leftovers.Left(7, socket, record, host.toHandle()));

    assertThat(socket).exists();
    assertThat(run.resolve(name(7, 1) + ".process")).exists();
    assertThat(run.resolve("host-8")).doesNotExist();
    assertThat(Leftovers.find(run).getFirst().known().find()).contains(host.toHandle());
  }

  @Test
  void shouldKillWhatNobodyCanTakeOverWithItsChildren() throws Exception {
    Process deaf = start("sleep", "60");
    ProcessRecord.write(run, name(0, 1), deaf.pid());
    Process builder = start("sh", "-c", "sleep 60 & wait");
    while (builder.descendants().findAny().isEmpty()) {
      Thread.sleep(5);
    }
    ProcessHandle child = builder.descendants().findAny().orElseThrow();
    ProcessRecord.write(run, "build-python", builder.pid());

    assertThat(Leftovers.find(run)).isEmpty();

    assertThat(deaf.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(builder.waitFor(30, TimeUnit.SECONDS)).isTrue();
    child.onExit().get(30, TimeUnit.SECONDS);
    assertThat(run).isEmptyDirectory();
  }

  @Test
  void shouldLeaveAProcessThatHasTheNumberOfOneThatIsGone() throws Exception {
    Process stranger = start("sleep", "60");
    ProcessRecord record = ProcessRecord.write(run, name(0, 1), stranger.pid());
    Files.writeString(
        run.resolve(record.name() + ".process"),
        record.pid() + " " + (record.startTicks() - 1) + " " + record.bootId());
    socket(0, 1);
    Files.createFile(run.resolve(name(0, 2) + ".tmp"));

    assertThat(Leftovers.find(run)).isEmpty();

    assertThat(stranger.isAlive()).isTrue();
    assertThat(run).isEmptyDirectory();
  }
}
