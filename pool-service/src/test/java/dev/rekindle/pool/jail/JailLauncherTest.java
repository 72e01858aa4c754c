package dev.rekindle.pool.jail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.pool.hostclient.HostSpec;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** With the real bubblewrap; a service that is root, as it is where the project is tested. */
@EnabledIf("isRoot")
@Timeout(120)
class JailLauncherTest {
  @TempDir private Path state;
  private Jail jail;
  private Process process;

  static boolean isRoot() throws IOException {
    return Machine.isRoot();
  }

  @BeforeEach
  void makeState() throws IOException {
    // Nobody but root comes through here from outside.
    Files.setPosixFilePermissions(state, PosixFilePermissions.fromString("rwx------"));
    Path snapshot = Files.createDirectories(state.resolve("snapshots/s"));
    Files.writeString(snapshot.resolve("memory"), "pages");
    Files.createDirectories(state.resolve("run/host-3"));
    Files.writeString(state.resolve("secret"), "token");
  }

  @AfterEach
  void endAll() throws Exception {
    if (process != null) {
      process.destroyForcibly();
      process.waitFor();
    }
    if (jail != null) {
      jail.clear("host-3");
      jail.close();
    }
  }

  private HostSpec spec(Class<?> main) {
    return new HostSpec(
        3, TestPrograms.java(main), state.resolve("run/host-3/s"), state, state.resolve("log"), 0);
  }

  private Map<String, String> launch(JailMode mode) throws Exception {
    HostSpec spec = spec(JailedMain.class);
    jail =
        Jail.build(
            new JailSettings(mode, "off", 64_000, HostLimits.DEFAULT), state, spec.program());
    process = new JailLauncher(jail).launch(spec);
    Map<String, String> told = new LinkedHashMap<>();
    BufferedReader out = process.inputReader();
    for (String line = out.readLine(); !"ready".equals(line); line = out.readLine()) {
      assertThat(line).as("what it says; its log: " + Files.readString(spec.log())).isNotNull();
      told.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
    }
    return told;
  }

  @Test
  void shouldBeAUserOfNoCapabilityThatSeesNothingButItsOwn() throws Exception {
    Map<String, String> told = launch(JailMode.AUTO);

    assertThat(told)
        .containsEntry("Uid", "64003 64003 64003 64003")
        .containsEntry("Gid", "64003 64003 64003 64003")
        .containsEntry("Groups", "")
        .containsEntry("CapPrm", "0000000000000000")
        .containsEntry("CapEff", "0000000000000000")
        .containsEntry("CapBnd", "0000000000000000")
        .containsEntry("CapInh", "0000000000000000")
        .containsEntry("CapAmb", "0000000000000000")
        .containsEntry("NoNewPrivs", "1")
        .containsEntry("pid", "1")
        .containsEntry("processes", "1")
        .containsEntry("host", "rekindle")
        .containsEntry("interfaces", "[lo]")
        .containsEntry("environment", "[LC_ALL, PWD]")
        .containsEntry("state", "[images, index, run, snapshots]")
        .containsEntry("snapshot", "pages")
        .containsEntry("writes /", "false")
        .containsEntry("writes /dev", "false")
        .containsEntry("writes /tmp", "false")
        .containsEntry("writes STATE/snapshots", "false")
        .containsEntry("writes socket", "true")
        .containsEntry("Max core file size", "0")
        .containsEntry("Max file size", Long.toString(HostLimits.FILE_BYTES))
        .containsEntry("Max open files", Integer.toString(HostLimits.OPEN_FILES))
        .containsEntry("Max processes", "4096");
    assertThat(told.get("dev"))
        .isEqualTo(
            Files.exists(KvmNode.KVM) ? "[kvm, null, random, urandom]" : "[null, random, urandom]");
    assertThat(told.get("root")).doesNotContain("home", "etc", "sys", "run", "var", "bin");
  }

  @Test
  void shouldBeTheProcessItselfThatIsNumberedAndKilled() throws Exception {
    launch(JailMode.AUTO);
    ProcessHandle inner = process.toHandle();

    assertThat(Files.readString(Path.of("/proc/" + inner.pid() + "/cmdline"))).contains("java");
    inner.destroyForcibly();

    assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
    assertThat(process.exitValue()).isEqualTo(128 + 9);
    assertThat(inner.isAlive()).isFalse();
    assertThat(Path.of("/dev/host-3")).doesNotExist();
  }

  @Test
  void shouldStartAChildLikeAnyOtherWhenNever() throws Exception {
    Map<String, String> told = launch(JailMode.NEVER);

    assertThat(told).containsEntry("Uid", "0 0 0 0").containsEntry("writes socket", "true");
    assertThat(jail.layers().values()).noneMatch(Layer.State::on);
  }

  @Test
  void shouldNameTheLayerThatIsMissingAndItsFixWhenAlways() {
    HostSpec spec = spec(JailedMain.class);
    JailSettings settings = new JailSettings(JailMode.ALWAYS, "log", 64_000, HostLimits.DEFAULT);

    assertThatThrownBy(() -> Jail.build(settings, state, spec.program()))
        .isInstanceOf(JailException.class)
        .hasMessageContaining("--jail always: no ")
        .hasMessageContaining("; or --jail auto does without");
  }
}
