package dev.rekindle.vmm.virtio;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A snapshot's file becomes shorter under those who run on it: theirs is lost, not the process. */
@Timeout(180)
class LostMemoryTest {
  /**
   * Interpreted, and as host processes compile. Not with C2: it folds a load into an instruction
   * that HotSpot cannot decode when it raises {@code SIGBUS} (seen with {@code movslq}), and the
   * process ends. {@code HostProcess} starts host processes without it, and its test looks.
   */
  static Stream<List<String>> modes() {
    return Stream.of(List.of("50", "-Xint"), List.of("4000", "-XX:TieredStopAtLevel=1"));
  }

  @ParameterizedTest
  @MethodSource("modes")
  void shouldLoseOneGuestAndNotTheProcessWhenMemoryIsGone(List<String> mode) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(mode.subList(1, mode.size()));
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:-CreateCoredumpOnCrash",
            "-XX:ErrorFile=/dev/null",
            "-cp",
            System.getProperty("java.class.path"),
            LostMemoryMain.class.getName(),
            mode.getFirst()));

    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).contains("neighbour alive");
  }
}
