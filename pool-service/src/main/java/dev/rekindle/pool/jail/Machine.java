package dev.rekindle.pool.jail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What the kernel says about this machine in files. */
final class Machine {
  private static final Path SECCOMP = Path.of("/proc/sys/kernel/seccomp/actions_avail");

  private Machine() {}

  static boolean isRoot() throws IOException {
    return (int) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
  }

  static boolean hasSeccomp() throws IOException {
    return Files.exists(SECCOMP) && Files.readString(SECCOMP).contains("kill_process");
  }

  static long memoryBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemTotal:")) {
        return Long.parseLong(line.replaceAll("[^0-9]", "")) << 10;
      }
    }
    throw new IOException("/proc/meminfo has no MemTotal");
  }

  /**
   * The disk under a folder, for {@code io.max}, which takes whole disks and no partitions.
   *
   * @return {@code major:minor}; empty where no disk of this machine is under it
   */
  static String disk(Path folder) throws IOException {
    Path real = folder.toRealPath();
    String best = "";
    int depth = -1;
    List<String> mounts = Files.readAllLines(Path.of("/proc/self/mountinfo"));
    for (String line : mounts) {
      String[] fields = line.split(" ");
      Path mount = Path.of(fields[4].replace("\\040", " "));
      if (real.startsWith(mount) && mount.getNameCount() >= depth) {
        depth = mount.getNameCount();
        best = fields[2];
      }
    }
    Path block = Path.of("/sys/dev/block", best);
    if (best.isEmpty() || !Files.exists(block)) {
      return "";
    }
    Path disk = Files.exists(block.resolve("partition")) ? block.toRealPath().getParent() : block;
    return Files.readString(disk.resolve("dev")).strip();
  }
}
