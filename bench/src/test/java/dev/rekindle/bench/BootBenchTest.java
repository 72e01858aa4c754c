package dev.rekindle.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.rekindle.vmm.boot.KernelCommandLine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BootBenchTest {
  @TempDir Path dir;

  @Test
  void shouldPutBothSideBySideInOneObject() throws Exception {
    Times own = new Times(30_000_000, 10_000_000, 20_000_000);
    Times floor = new Times(40_000_000, 50_000_000);

    JsonNode line =
        JsonMapper.builder().build().readTree(BootBench.line("process", own, floor, 128, true));

    assertThat(line.get("way").textValue()).isEqualTo("process");
    assertThat(line.get("memoryMib").intValue()).isEqualTo(128);
    assertThat(line.get("runs").intValue()).isEqualTo(3);
    assertThat(line.get("p50Millis").doubleValue()).isEqualTo(20);
    assertThat(line.get("p99Millis").doubleValue()).isEqualTo(30);
    assertThat(line.get("floorP50Millis").doubleValue()).isEqualTo(40);
    assertThat(line.get("ratioP50").doubleValue()).isEqualTo(0.5);
    assertThat(BootBench.line("process", own, floor, 128, false)).endsWith("p50 ratio 0.500");
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
