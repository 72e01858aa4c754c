package dev.rekindle.snapshotter.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What this process holds, as the kernel counts it (proc(5)).
 *
 * @param rssBytes resident, shared pages counted fully
 * @param pssBytes resident, shared pages divided among their users
 * @param mappings lines of {@code maps}
 * @param fds open descriptors
 * @param threads of the process, the JVM's own included
 */
record ProcessStats(long rssBytes, long pssBytes, int mappings, int fds, int threads) {
  private static final Path SELF = Path.of("/proc/self");

  /** Reads them now; walks the page tables of the whole process, so milliseconds. */
  static ProcessStats read() throws IOException {
    List<String> rollup = Files.readAllLines(SELF.resolve("smaps_rollup"));
    List<String> status = Files.readAllLines(SELF.resolve("status"));
    try (var maps = Files.lines(SELF.resolve("maps"));
        var fds = Files.list(SELF.resolve("fd"))) {
      return new ProcessStats(
          1024 * number(rollup, "Rss:"),
          1024 * number(rollup, "Pss:"),
          (int) maps.count(),
          (int) fds.count(),
          (int) number(status, "Threads:"));
    }
  }

  private static long number(List<String> lines, String name) throws IOException {
    for (String line : lines) {
      if (line.startsWith(name)) {
        return Long.parseLong(line.substring(name.length()).replace("kB", "").strip());
      }
    }
    throw new IOException("no line " + name);
  }
}
