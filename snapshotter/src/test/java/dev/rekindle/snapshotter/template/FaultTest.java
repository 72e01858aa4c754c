package dev.rekindle.snapshotter.template;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.snapshotter.capture.SnapshotFixture;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel refuses what writing, opening and publishing need: typed errors, and nothing left. */
@Timeout(120)
class FaultTest {
  @TempDir static Path tools;
  private static Path fault;

  @TempDir Path state;

  @BeforeAll
  static void compile() throws Exception {
    Path source = tools.resolve("fault.c");
    try (InputStream in = FaultTest.class.getResourceAsStream("fault.c")) {
      Files.copy(in, source);
    }
    fault = tools.resolve("fault");
    run("gcc", "-O1", "-Wall", "-Werror", "-o", fault.toString(), source.toString());
  }

  @BeforeEach
  void makeASnapshot() throws Exception {
    SnapshotFixture.write(new TemplateStore(state).snapshotsDir(), "there");
  }

  /** Errno 28 is ENOSPC, 5 is EIO; a memory chunk is read whole, 2 MiB. */
  @ParameterizedTest
  @CsvSource({
    "pwrite64, 28, 0, snapshot.no_space, ok, ok",
    "pwrite64, 5, 0, snapshot.io, ok, ok",
    "ftruncate, 28, 0, snapshot.no_space, ok, ok",
    "ftruncate, 5, 0, snapshot.io, ok, ok",
    "fsync, 5, 0, snapshot.io, ok, io",
    "fsync, 28, 0, snapshot.no_space, ok, io",
    "rename, 5, 0, snapshot.io, ok, io",
    "rename, 28, 0, snapshot.no_space, ok, io",
    "mkdir, 28, 0, snapshot.no_space, ok, io",
    "pread64, 5, 2097152, ok, snapshot.io, ok",
  })
  void shouldSayWhyAndLeaveNothingWhenASystemCallFails(
      String call, String errno, String length, String capture, String restore, String publish)
      throws Exception {
    List<String> command = new ArrayList<>(List.of(fault.toString(), call, errno, length));
    command.addAll(java("-XX:-UsePerfData"));
    command.add(state.toString());

    List<String> lines = run(command.toArray(String[]::new));

    assertThat(lines)
        .containsExactly(
            "capture " + capture, "restore " + restore, "publish " + publish, "left []");
  }

  @Test
  void shouldSayWhyAndLeaveNothingWhenThereAreNoMoreDescriptors() throws Exception {
    List<String> command =
        new ArrayList<>(List.of("sh", "-c", "ulimit -n 128 && exec \"$@\"", "sh"));
    command.addAll(java("-XX:+MaxFDLimit"));
    command.addAll(List.of(state.toString(), "descriptors"));

    List<String> lines = run(command.toArray(String[]::new));

    assertThat(lines)
        .contains(
            "0 spare capture snapshot.io",
            "0 spare restore snapshot.io",
            "0 spare publish io",
            "8 spare capture ok",
            "8 spare restore ok",
            "8 spare publish ok")
        .allMatch(line -> !line.contains("UNTYPED"))
        .filteredOn(line -> line.contains("left"))
        .hasSize(11)
        .allMatch(line -> line.endsWith("left []"));
  }

  private static List<String> java(String option) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        option,
        "--enable-native-access=ALL-UNNAMED",
        "-cp",
        System.getProperty("java.class.path"),
        FaultMain.class.getName());
  }

  private static List<String> run(String... command) throws Exception {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output.lines().toList();
  }
}
