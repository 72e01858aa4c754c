package dev.rekindle.snapshotter.template;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rekindle.snapshotter.capture.SnapshotFixture;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.snapshotter.restore.SnapshotReader;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class TemplateBuildTest {
  @TempDir Path state;
  private final ObjectMapper json = new ObjectMapper();
  private final ByteArrayOutputStream lines = new ByteArrayOutputStream();
  private final NdjsonProgress progress = new NdjsonProgress(new PrintStream(lines, true, UTF_8));
  private final FakeVm vm = new FakeVm();
  private TemplateStore store;
  private TemplateBuild build;

  @BeforeEach
  void open() {
    store = new TemplateStore(state);
    build = new TemplateBuild(store, progress, Duration.ofMillis(20), Duration.ofSeconds(1));
  }

  @Test
  void shouldWarmUpThenPublish() throws Exception {
    vm.hello.complete(null);
    vm.endings.add(new BuildVm.Ended(0, 0, false, ""));
    vm.endings.add(new BuildVm.Ended(0, 0, false, ""));

    TemplateBuild.Result result =
        build.run("base", json.readTree("{}"), List.of(List.of("true"), List.of("echo", "1")), vm);
    progress.result(result);

    assertThat(vm.commands).containsExactly(List.of("true"), List.of("echo", "1"));
    assertThat(vm.closed).isTrue();
    assertThat(store.find("base")).contains(result.template());
    assertThat(result.template().snapshotId()).startsWith("base-");
    assertThat(lines.toString(UTF_8).lines())
        .anyMatch(line -> line.contains("\"stage\":\"warmup\",\"percent\":50"))
        .last()
        .asString()
        .startsWith("{\"result\":{\"snapshotId\":\"base-");
  }

  @Test
  void shouldSayThatNothingBooted() {
    vm.console = "[ 0.1] Linux version";
    vm.hello.completeExceptionally(new TimeoutException());

    assertFails("template.boot_timeout");
  }

  @Test
  void shouldSayThatTheAgentIsMissing() {
    vm.console = "[ 0.9] Run /init as init process";
    vm.hello.completeExceptionally(new TimeoutException());

    assertFails("template.agent_missing");
  }

  @Test
  void shouldSayThatTheKernelPanickedAndHangs() {
    vm.console = "[ 0.9] Kernel panic - not syncing";

    assertFails("template.kernel_panic");
  }

  @Test
  void shouldSayThatTheKernelPanickedAndRebooted() {
    vm.console = "[ 0.9] Kernel panic - not syncing";
    vm.exited.complete("reboot");

    assertFails("template.kernel_panic");
  }

  @Test
  void shouldSayWhyAWarmUpFailed() {
    vm.hello.complete(null);
    vm.endings.add(new BuildVm.Ended(3, 0, false, "no module named x"));

    BuildException failure = assertFails("template.warmup_failed");

    assertThat(failure).hasMessageContaining("exited with 3").hasMessageContaining("module");
  }

  @Test
  void shouldSayThatAWarmUpCannotRun() {
    vm.hello.complete(null);

    assertThat(assertFails("template.warmup_failed")).hasMessageContaining("no such command");
  }

  @Test
  void shouldPassOnThatTheDiskIsFull() {
    vm.hello.complete(null);
    vm.endings.add(new BuildVm.Ended(0, 0, false, ""));
    vm.refusal = new SnapshotException(SnapshotError.NO_SPACE, "full");

    assertFails("snapshot.no_space");
  }

  private BuildException assertFails(String code) {
    List<BuildException> failures = new ArrayList<>();
    assertThatThrownBy(() -> build.run("base", json.readTree("{}"), List.of(List.of("true")), vm))
        .isInstanceOfSatisfying(BuildException.class, failures::add);
    BuildException failure = failures.getFirst();
    assertThat(failure.code()).isEqualTo(code);
    assertThat(vm.closed).isTrue();
    assertThat(state.resolve("templates")).doesNotExist();
    progress.error(failure);
    assertThat(lines.toString(UTF_8).lines())
        .last()
        .asString()
        .startsWith("{\"error\":{\"code\":\"" + code);
    return failure;
  }

  private final class FakeVm implements BuildVm {
    private final CompletableFuture<Void> hello = new CompletableFuture<>();
    private final CompletableFuture<String> exited = new CompletableFuture<>();
    private final List<Ended> endings = new ArrayList<>();
    private final List<List<String>> commands = new ArrayList<>();
    private SnapshotException refusal;
    private String console = "";
    private boolean closed;

    @Override
    public CompletableFuture<Void> hello(Duration timeout) {
      return hello;
    }

    @Override
    public CompletableFuture<Ended> run(List<String> argv, Duration timeout) {
      commands.add(argv);
      return endings.isEmpty()
          ? CompletableFuture.failedFuture(new IllegalStateException("no such command"))
          : CompletableFuture.completedFuture(endings.removeFirst());
    }

    @Override
    public CompletableFuture<String> exited() {
      return exited;
    }

    @Override
    public String consoleTail() {
      return console;
    }

    @Override
    public Manifest capture(String snapshotId, String template) throws SnapshotException {
      if (refusal != null) {
        throw refusal;
      }
      return SnapshotReader.readManifest(SnapshotFixture.write(store.snapshotsDir(), snapshotId));
    }

    @Override
    public void close() {
      closed = true;
    }
  }
}
