package dev.rekindle.pool.jail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.pool.hostclient.HostSpec;
import dev.rekindle.snapshotter.host.HostMain;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** The whole jail around a host process that opens /dev/kvm; where there is cgroup v2. */
@Tag("kvm")
@EnabledIf("hasAll")
@Timeout(300)
class JailIT {
  private static final HostLimits LIMITS = new HostLimits(150, 20, 192, 5, 512);

  @TempDir private Path state;
  private Jail jail;
  private Process process;

  static boolean hasAll() throws IOException {
    return Machine.isRoot()
        && Files.exists(KvmNode.KVM)
        && Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers"));
  }

  @AfterEach
  void endAll() throws Exception {
    if (process != null) {
      process.destroyForcibly();
      process.waitFor();
    }
    if (jail != null) {
      jail.clear("host-0");
      jail.close();
    }
  }

  private Path launch(Class<?> main) throws Exception {
    Path socket = Files.createDirectories(state.resolve("run/host-0")).resolve("s");
    HostSpec spec =
        new HostSpec(0, TestPrograms.java(main), socket, state, state.resolve("log"), 0);
    jail =
        Jail.build(
            new JailSettings(JailMode.ALWAYS, "kill", 64_000, LIMITS), state, spec.program());
    process = new JailLauncher(jail).launch(spec);
    List<String> remains = jail.remains();
    assertThat(remains).containsExactly("host-0");
    return Path.of(jail.layers().get(Layer.CGROUP).detail().replaceAll(" with .*", ""), "host-0");
  }

  private String log() throws IOException {
    return Files.readString(state.resolve("log"));
  }

  @Test
  void shouldOpenKvmWithinItsLimitsAndLeaveNothingBehind() throws Exception {
    Path group = launch(HostMain.class);
    assertThat(process.inputReader().readLine()).as(log()).isEqualTo("ready");
    Path proc = Path.of("/proc", Long.toString(process.pid()));

    assertThat(Files.readString(proc.resolve("cgroup"))).endsWith("/host-0\n");
    try (Stream<Path> fds = Files.list(proc.resolve("fd"))) {
      assertThat(fds.map(JailIT::target)).anyMatch(target -> target.endsWith("/kvm"));
    }
    assertThat(Files.readString(proc.resolve("status")))
        .containsPattern("Seccomp:\\s+2\n")
        .containsPattern("Uid:\\s+64000\\s");
    assertThat(group.resolve("cpu.max")).hasContent("150000 100000\n");
    assertThat(group.resolve("cpu.weight")).hasContent("20\n");
    assertThat(group.resolve("memory.max")).hasContent((192 << 20) + "\n");
    assertThat(group.resolve("pids.max")).hasContent("512\n");

    process.destroy();

    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).as(log()).isEqualTo(143);
    awaitGone(group);
    assertThat(state.resolve("run/host-0/s")).doesNotExist();
  }

  @Test
  void shouldSlowDownTheOneThatComesNearItsMemoryLimit() throws Exception {
    Path group = launch(MemoryHogMain.class);

    while (!Files.readString(group.resolve("memory.events")).matches("(?s).*high [1-9].*")) {
      assertThat(process.isAlive()).as(log()).isTrue();
      Thread.sleep(50);
    }

    assertThat(Long.parseLong(Files.readString(group.resolve("memory.current")).strip()))
        .isLessThanOrEqualTo(192L << 20);
    process.destroyForcibly();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    awaitGone(group);
  }

  private static void awaitGone(Path group) throws InterruptedException {
    for (int i = 0; i < 500 && Files.exists(group); i++) {
      Thread.sleep(20);
    }
    assertThat(group).doesNotExist();
  }

  private static String target(Path fd) {
    try {
      return Files.readSymbolicLink(fd).toString();
    } catch (IOException e) {
      return "";
    }
  }
}
