package dev.rekindle.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachineCensusTest {
  @TempDir Path root;
  private Path state;
  private Path temporary;

  @BeforeEach
  void make() throws IOException {
    state = Files.createDirectories(root.resolve("work/state"));
    temporary = Files.createDirectories(root.resolve("work/tmp"));
    put("proc/meminfo", "MemTotal: 4000000 kB\nMemAvailable: 1000000 kB\nSUnreclaim: 5000 kB\n");
    put("proc/self/status", "Name: java\nVmRSS:    200 kB\n");
    put("proc/self/mountinfo", "1 0 8:1 / / rw - ext4 /dev/sda rw\n");
    process(2_000_001, 1, "OTHER=1", "/bin/sh");
  }

  private void put(String file, String text) throws IOException {
    Path path = root.resolve(file);
    Files.createDirectories(path.getParent());
    Files.writeString(path, text);
  }

  private void process(long pid, long parent, String environment, String... arguments)
      throws IOException {
    put("proc/" + pid + "/cmdline", String.join("\0", arguments) + "\0");
    put("proc/" + pid + "/environ", "A=b\0" + environment + "\0");
    put("proc/" + pid + "/stat", pid + " (a ) b) S " + parent + " 1 1");
  }

  private SoakProcesses processes() {
    return new SoakProcesses(root.resolve("proc"), "REKINDLE_SOAK=me", state);
  }

  private Holdings take(boolean alone) throws IOException {
    return new MachineCensus(root, processes(), state, temporary, 7070, alone).take();
  }

  private Map<String, List<String>> beyond(Holdings before, boolean alone) throws IOException {
    Map<String, List<String>> more = take(alone).beyond(before);
    more.values().removeIf(List::isEmpty);
    return more;
  }

  @Test
  void shouldFindNothingWhereNothingChanged() throws IOException {
    Holdings before = take(true);

    assertThat(take(true).beyond(before)).containsOnlyKeys(Holdings.KINDS);
    assertThat(beyond(before, true)).isEmpty();
    assertThat(take(true).memoryMibBeyond(before, true)).isZero();
    assertThat(before.availableKib()).isEqualTo(1_000_200);
  }

  @Test
  void shouldFindOurProcessesAndTheirDescendants() throws IOException {
    process(2_000_002, 1, "REKINDLE_SOAK=me", "/jdk/bin/java", "-cp", "x", "a.HostMain");
    process(2_000_003, 2_000_002, "CLEARED=1", "/jdk/bin/java", "b.HostMain");
    process(2_000_004, 1, "B=1", "bwrap", "--bind", state.toString());
    process(2_000_005, 1, "REKINDLE_SOAK=you", "/jdk/bin/java", "c.HostMain");

    assertThat(processes().all())
        .extracting(SoakProcesses.Found::pid)
        .containsExactlyInAnyOrder(2_000_002L, 2_000_003L, 2_000_004L);
    assertThat(processes().running("HostMain"))
        .extracting(SoakProcesses.Found::pid)
        .containsExactlyInAnyOrder(2_000_002L, 2_000_003L);
    assertThat(SoakProcesses.parent("7 (odd) name (x) S 42 1")).isEqualTo(42);
  }

  @Test
  void shouldFindWhatIsLeftOfEachKind() throws IOException {
    Holdings before = take(true);

    process(2_000_002, 1, "REKINDLE_SOAK=me", "java", "HostMain");
    Files.createDirectories(root.resolve("sys/fs/cgroup/host-1"));
    put("proc/self/mountinfo", "1 0 8:1 / / rw - a b rw\n2 1 0:5 / /mnt/x rw - tmpfs t rw\n");
    Files.createDirectories(root.resolve("sys/class/net/tap0"));
    put("work/state/snapshots/.tmp-77/memory", "");
    put("work/tmp/cc1234.o", "");
    put("tmp/hsperfdata_root/999999999", "");
    put(
        "proc/net/tcp",
        "  sl  local_address rem_address   st\n   0: 0100007F:1B9E 00000000:0000 0A 0\n");

    Map<String, List<String>> more = beyond(before, true);

    assertThat(more.get("process")).containsExactly("2000002 java HostMain");
    assertThat(more.get("cgroup")).containsExactly("host-1");
    assertThat(more.get("mount")).containsExactly("/mnt/x");
    assertThat(more.get("tap")).containsExactly("tap0");
    assertThat(more.get("socket")).containsExactly("tcp 7070");
    assertThat(more.get("file"))
        .containsExactly(
            "/tmp/hsperfdata_root/#",
            "snapshots",
            "snapshots/.tmp-#",
            "snapshots/.tmp-#/memory",
            "tmp/cc#.o");
  }

  @Test
  void shouldCountOnlyWhatCarriesOurNameWhereOthersUseTheMachine() throws IOException {
    Holdings before = take(false);

    Files.createDirectories(root.resolve("sys/fs/cgroup/user.slice"));
    Files.createDirectories(root.resolve("sys/fs/cgroup/rekindle/host-1"));
    Files.createDirectories(root.resolve("sys/class/net/docker0"));
    put("proc/self/mountinfo", "1 0 8:1 / / rw - a b rw\n2 1 0:5 / /mnt/x rw - tmpfs t rw\n");

    assertThat(beyond(before, false))
        .containsExactly(Map.entry("cgroup", List.of("rekindle", "rekindle/host-1")));
  }

  @Test
  void shouldFindASocketFileThatNobodyRemoved() throws IOException {
    Holdings before = take(true);
    Path run = Files.createDirectories(state.resolve("run"));
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(run.resolve("host-12.sock")));
    }

    assertThat(beyond(before, true).get("socket").getFirst()).endsWith("run/host-#.sock");
    assertThat(beyond(before, true).get("file")).containsExactly("run");
  }

  @Test
  void shouldPassOverLogsAndImages() throws IOException {
    put("work/state/images/0123456789abcdef/root", "");
    Holdings before = take(true);
    put("work/state/logs/build-x.log", "");
    put("work/state/images/fedcba9876543210/root", "");

    assertThat(beyond(before, true)).isEmpty();
    put("work/state/images/.tmp-1/root", "");
    assertThat(beyond(before, true).get("file")).contains("images/.tmp-#");
  }

  @Test
  void shouldTakeANewNameForAnotherOfItsKind() throws IOException {
    put("work/state/index/map-3", "");
    Holdings before = take(true);
    Files.delete(state.resolve("index/map-3"));
    put("work/state/index/map-4", "");

    assertThat(beyond(before, true)).isEmpty();
    put("work/state/index/map-5", "");
    assertThat(beyond(before, true)).containsEntry("file", List.of("index/map-#"));
  }

  @Test
  void shouldTolerateALittleMemory() {
    Holdings before = new Holdings(Map.of(), 1 << 20, 1 << 10, 4 << 20);

    assertThat(memory(before, (1 << 20) - (64 << 10), 1 << 10, true)).isZero();
    assertThat(memory(before, (1 << 20) - (64 << 10) - 1, 1 << 10, true)).isEqualTo(1);
    assertThat(memory(before, 2 << 20, (1 << 10) + (16 << 10) + 2048, true)).isEqualTo(2);
    assertThat(memory(before, (1 << 20) - (100 << 10), 1 << 10, false)).isZero();
  }

  private static long memory(Holdings before, long available, long slab, boolean alone) {
    return new Holdings(Map.of(), available, slab, 4 << 20).memoryMibBeyond(before, alone);
  }
}
