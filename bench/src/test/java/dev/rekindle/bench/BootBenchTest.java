package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.rekindle.vmm.boot.KernelCommandLine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootBenchTest {
  @TempDir Path dir;

  @Test
  void shouldPutBothSideBySideInOneObject() {
    Samples own = Samples.ofNanos(new long[] {30_000_000, 10_000_000, 20_000_000}, 50);
    Samples floor = Samples.ofNanos(new long[] {40_000_000, 50_000_000}, 22);

    Map<String, Object> line = BootBench.line("process", 128, own, floor);

    assertThat(line)
        .containsEntry("way", "process")
        .containsEntry("memoryMib", 128)
        .containsEntry("runs", 3)
        .containsEntry("p50Millis", 20.0)
        .containsEntry("p99Millis", 30.0)
        .containsEntry("minMillis", 10.0)
        .containsEntry("floorP50Millis", 40.0)
        .containsEntry("floorMinMillis", 40.0)
        .containsEntry("ratioP50", 0.5)
        .containsEntry("ratioP90", 0.6);
    assertThat(BootBench.text(line))
        .startsWith("process ")
        .contains("     20.0     30.0     30.0     10.0   microvm     40.0")
        .endsWith("ratio p50 0.50 p90 0.60");
  }

  @Test
  void shouldTimeAProcessUpToItsLine() {
    String script = "sleep 0.2; echo '" + BootGuest.INIT_LINE + "'; sleep 0.4";

    long nanos = new ProcessBoot(List.of("sh", "-c", script)).bootNanos();

    assertThat(nanos).isGreaterThanOrEqualTo(200_000_000);
  }

  @Test
  void shouldShowTheConsoleWhenTheLineNeverCame() {
    ProcessBoot silent = new ProcessBoot(List.of("sh", "-c", "echo panicked >&2; exit 1"));

    assertThatIllegalStateException()
        .isThrownBy(silent::bootNanos)
        .withMessageContaining("panicked");
  }

  @Test
  void shouldGiveQemuTheSameFilesAndArguments() {
    BootGuest guest =
        new BootGuest(Path.of("/k"), Path.of("/i"), KernelCommandLine.empty().withAll("a b"), 64);

    assertThat(ProcessBoot.microvm("q", guest).command())
        .startsWith("q", "-M")
        .containsSequence("-kernel", "/k", "-initrd", "/i", "-append", "a b")
        .containsSequence("-m", "64M");
    assertThat(ProcessBoot.microvmTuned("q", guest).command())
        .containsSequence("-kernel", "/k", "-initrd", "/i", "-append", "a b")
        .containsSequence("-m", "64M");
  }

  @Test
  void shouldMakeAnInitramfsWithAnInitThatWritesTheLine() throws Exception {
    Path busybox = Files.writeString(dir.resolve("busybox"), "the program");
    Path file = dir.resolve("initramfs");

    BootGuest.writeInitramfs(busybox, file);

    assertThat(Files.readString(file, StandardCharsets.ISO_8859_1))
        .startsWith("070701")
        .contains("bin/busybox\0", "the program", "init\0", BootGuest.INIT_LINE, "TRAILER!!!");
  }
}
