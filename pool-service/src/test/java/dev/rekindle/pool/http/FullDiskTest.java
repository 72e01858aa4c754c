package dev.rekindle.pool.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The state directory on a file system that is full: a small tmpfs in a mount namespace of its own,
 * which root has and, by a user namespace, others too.
 */
@Timeout(120)
class FullDiskTest {
  private static final int TIMES = 3;

  private Process process;
  private RawHttp http;
  private File state;
  private Path root;
  private String recipe;

  @BeforeEach
  void start(@TempDir Path directory) throws Exception {
    Path mounted = Files.createDirectory(directory.resolve("state"));
    root = Files.createDirectory(directory.resolve("root"));
    Path kernel = Files.write(directory.resolve("kernel"), new byte[4 << 20]);
    recipe =
        "{\"kernel\":{\"path\":\"%s\"},\"rootfs\":{\"directory\":\"%s\"}}".formatted(kernel, root);
    List<String> command = new ArrayList<>(namespace());
    command.addAll(
        List.of(
            "sh",
            "-c",
            "mount -t tmpfs -o size=24m,nr_inodes=200 rekindle \"$0\" && exec \"$@\"",
            mounted.toString(),
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:-UseDynamicNumberOfCompilerThreads",
            "-cp",
            System.getProperty("java.class.path"),
            FullDiskMain.class.getName(),
            mounted.toString()));
    process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    http = new RawHttp(Integer.parseInt(process.inputReader().readLine()));
    state = new File("/proc/" + process.pid() + "/root" + mounted);
    assertThat(build().problem()).as("with room").doesNotContain("no_space");
    useLease();
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

  @AfterEach
  void stop() throws Exception {
    process.getOutputStream().close();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).as("the service ends").isTrue();
  }

  private RawHttp.Reply build() throws IOException {
    return http.send("PUT", "/v1/templates/new", "-", recipe);
  }

  private void useLease() throws IOException {
    RawHttp.Reply run =
        http.send("POST", "/v1/run", "-", "{\"template\":\"base\",\"exec\":{\"argv\":[\"true\"]}}");
    assertThat(run.status()).as(run.body()).isEqualTo(200);
  }

  @Test
  void shouldTellThatThereIsNoRoomAndKeepNothingWhenTheDiskIsFull() throws Exception {
    // Images of what has not changed are there already, and would need no room.
    byte[] random = new byte[1 << 20];
    new Random(1).nextBytes(random);
    Files.write(root.resolve("more"), random);
    fill();
    Map<String, Long> before = census();

    for (int i = 0; i < TIMES; i++) {
      assertThat(build().problem()).isEqualTo("507 image.no_space");
      useLease();
    }

    awaitNothingMore(before);
    Files.delete(state.toPath().resolve("fill"));
    assertThat(build().problem()).as("with room again").doesNotContain("no_space");
  }

  @Test
  void shouldTellThatThereIsNoRoomWhenNoFileCanBeMade() throws Exception {
    Path log = state.toPath().resolve("logs/build-new.log");
    Files.delete(log);
    for (int i = 0; i < 400; i++) {
      try {
        Files.createFile(state.toPath().resolve("file-" + i));
      } catch (IOException full) {
        break;
      }
    }
    Map<String, Long> before = census();

    for (int i = 0; i < TIMES; i++) {
      assertThat(build().problem()).isEqualTo("507 state.no_space");
      useLease();
    }

    awaitNothingMore(before);
  }

  private void fill() throws IOException {
    try (OutputStream out = Files.newOutputStream(state.toPath().resolve("fill"))) {
      byte[] page = new byte[4096];
      while (true) {
        out.write(page);
      }
    } catch (IOException full) {
      assertThat(full).hasMessageContaining("No space left on device");
    }
  }

  private Map<String, Long> census() throws IOException {
    Map<String, Long> counts = new TreeMap<>();
    JsonNode status = http.send("GET", "/v1/status", "-", "").json();
    counts.put("leases", status.path("leases").asLong(-1));
    counts.put("sandboxes", status.path("host").path("sandboxes").asLong(Long.MAX_VALUE));
    counts.put("processes", process.toHandle().descendants().count());
    counts.put("descriptors", Census.descriptors(process.pid()));
    counts.put("threads", threads());
    counts.put("files", tree(state));
    return counts;
  }

  /** Without those that wait a minute for another process to watch, see {@link Census}. */
  private long threads() {
    return Arrays.stream(new File("/proc/" + process.pid() + "/task").listFiles())
        .filter(task -> !name(task).startsWith("process reaper"))
        .filter(task -> !name(task).startsWith("ForkJoinPool"))
        .count();
  }

  private static String name(File task) {
    try {
      return Files.readString(task.toPath().resolve("comm"));
    } catch (IOException ended) {
      return "process reaper";
    }
  }

  private static long tree(File file) {
    File[] inside = file.listFiles();
    return 1 + (inside == null ? 0 : Arrays.stream(inside).mapToLong(FullDiskTest::tree).sum());
  }

  private void awaitNothingMore(Map<String, Long> before) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
    Map<String, Long> after = census();
    while (!isNothingMore(before, after) && System.nanoTime() < deadline) {
      Thread.sleep(20);
      after = census();
    }
    assertThat(isNothingMore(before, after)).as("before " + before + ", after " + after).isTrue();
  }

  private static boolean isNothingMore(Map<String, Long> before, Map<String, Long> after) {
    return after.entrySet().stream().allMatch(e -> e.getValue() <= before.get(e.getKey()));
  }
}
