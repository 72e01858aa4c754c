package dev.rekindle.pool.jail;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Over plain files, so of where groups are made; what the kernel does with them, in the lab. */
class CgroupTreeTest {
  @TempDir private Path dir;
  private Path mount;
  private Path own;

  @BeforeEach
  void makeFiles() throws IOException {
    mount = group(dir.resolve("cgroup"));
    own = dir.resolve("self");
  }

  private static Path group(Path path) throws IOException {
    Files.createDirectories(path);
    for (String file : new String[] {"cgroup.controllers", "cgroup.subtree_control"}) {
      Files.writeString(path.resolve(file), "\n");
    }
    Files.writeString(path.resolve("cgroup.procs"), "");
    return path;
  }

  private CgroupTree prepare() throws IOException {
    return CgroupTree.prepare(mount, own, 77, "rekindle-x");
  }

  @Test
  void shouldSayThatThereIsNoCgroup() throws IOException {
    Files.delete(mount.resolve("cgroup.controllers"));

    assertThatThrownBy(this::prepare)
        .isInstanceOf(IOException.class)
        .hasMessage("there is no cgroup v2 at " + mount);
  }

  @Test
  void shouldGoToTheTopWhenTheServiceSharesItsGroup() throws IOException {
    Files.writeString(own, "1:cpu:/\n0::/user/session\n");
    Files.writeString(group(mount.resolve("user/session")).resolve("cgroup.procs"), "77\n78\n");
    group(mount.resolve("rekindle-x"));

    CgroupTree tree = prepare();

    assertThat(tree.folder()).isEqualTo(mount.resolve("rekindle-x"));
    assertThat(mount.resolve("user/session/service")).doesNotExist();
  }

  @Test
  void shouldStayInTheGroupThatWasDelegatedAndMoveToALeaf() throws IOException {
    Files.writeString(own, "0::/unit\n");
    Path unit = group(mount.resolve("unit"));
    Files.writeString(unit.resolve("cgroup.procs"), "77\n");
    group(unit.resolve("service"));
    group(unit.resolve("rekindle-x"));

    CgroupTree tree = prepare();

    assertThat(tree.folder()).isEqualTo(unit.resolve("rekindle-x"));
    assertThat(unit.resolve("service/cgroup.procs")).hasContent("77");
  }

  @Test
  void shouldKnowTheGroupsOfAFormerService() throws IOException {
    Files.writeString(own, "0::/\n");
    group(mount.resolve("rekindle-x"));
    Files.createDirectory(mount.resolve("rekindle-x/host-3"));

    assertThat(prepare().names()).containsExactly("host-3");
  }
}
