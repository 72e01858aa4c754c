package dev.rekindle.pool.jail;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class BubblewrapCommandTest {
  private static final Path BWRAP = Path.of("/usr/bin/bwrap");

  @Test
  void shouldMakeEveryFolderBeforeWhatLiesInIt() {
    List<String> words =
        new BubblewrapCommand(BWRAP)
            .readable(Path.of("/a/b/c"), Path.of("/a/b/c"))
            .readable(Path.of("/elsewhere"), Path.of("/a/b/d"))
            .writable(Path.of("/a/e"))
            .run(List.of("/bin/x", "--flag"));

    assertThat(words)
        .containsSubsequence(
            "--dir",
            "/a",
            "--dir",
            "/a/b",
            "--ro-bind",
            "/a/b/c",
            "/a/b/c",
            "--ro-bind",
            "/elsewhere",
            "/a/b/d",
            "--bind",
            "/a/e",
            "/a/e",
            "--remount-ro",
            "/dev",
            "--remount-ro",
            "/",
            "--",
            "/bin/x",
            "--flag");
    assertThat(words).filteredOn("--dir"::equals).hasSize(2);
  }

  @Test
  void shouldLeaveNoNamespaceSharedAndNotDieWithTheService() {
    List<String> words = new BubblewrapCommand(BWRAP).run(List.of("x"));

    assertThat(words)
        .startsWith("/usr/bin/bwrap")
        .contains("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts")
        .contains("--unshare-cgroup-try", "--as-pid-1", "--new-session", "--clearenv")
        .doesNotContain("--die-with-parent", "--unshare-user");
  }

  @Test
  void shouldTakeAUserNamespaceOnlyForAServiceThatIsNotRoot() {
    List<String> words = new BubblewrapCommand(BWRAP).user(64_003).run(List.of("x"));

    assertThat(words)
        .containsSubsequence(
            "--unshare-user", "--disable-userns", "--uid", "64003", "--gid", "64003");
  }
}
