package dev.rekindle.snapshotter.index;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(300)
class IndexFullDiskTest {
  @TempDir private Path state;

  @Test
  void shouldDoWithoutAnIndexUntilThereIsRoomAgain() throws Exception {
    List<String> command = new ArrayList<>(namespace());
    command.addAll(
        List.of(
            "sh",
            "-c",
            "mount -t tmpfs -o size=8m rekindle \"$0\" && exec \"$@\"",
            state.toString(),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "@../scripts/service.jvmargs",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            IndexFullDiskMain.class.getName(),
            state.toString()));

    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    List<String> lines =
        process.inputReader().lines().filter(line -> line.startsWith("* ")).toList();

    assertThat(process.waitFor()).isZero();
    assertThat(lines)
        .containsExactly("* index.no_space WITHDRAWN false", "* 0 files", "* null PUBLISHED true");
  }

  /** Of a namespace of mounts, what this user may make. */
  private static List<String> namespace() throws Exception {
    for (List<String> way : List.of(List.of("unshare", "-m"), List.of("unshare", "-rm"))) {
      List<String> attempt = new ArrayList<>(way);
      attempt.addAll(List.of("mount", "-t", "tmpfs", "rekindle", "/mnt"));
      if (new ProcessBuilder(attempt).start().waitFor() == 0) {
        return way;
      }
    }
    throw new IllegalStateException("neither root nor a user namespace can mount a tmpfs here");
  }
}
