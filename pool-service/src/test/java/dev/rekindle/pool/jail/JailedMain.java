package dev.rekindle.pool.jail;

import java.net.NetworkInterface;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Tells what a process in the jail sees; its arguments are a host process's. */
final class JailedMain {
  private JailedMain() {}

  /**
   * @param args {@code --socket PATH --state DIR ...}
   */
  public static void main(String... args) throws Exception {
    Path socketFolder = Path.of(args[1]).getParent();
    Path state = Path.of(args[3]);
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.matches("(Uid|Gid|Groups|Cap...|NoNewPrivs|NSpid):.*")) {
        tell(line.substring(0, line.indexOf(':')), line.replaceAll("^.*?:\\s*", ""));
      }
    }
    tell("pid", ProcessHandle.current().pid());
    tell("host", Files.readString(Path.of("/proc/sys/kernel/hostname")).strip());
    tell("processes", list("/proc").stream().filter(n -> n.matches("\\d+")).count());
    tell("root", list("/"));
    tell("dev", list("/dev"));
    tell(
        "interfaces", NetworkInterface.networkInterfaces().map(NetworkInterface::getName).toList());
    tell("environment", new TreeSet<>(System.getenv().keySet()));
    tell("snapshot", Files.readString(state.resolve("snapshots/s/memory")));
    tell("state", list(state.toString()));
    for (String at : List.of("/", "/dev", "/tmp", state.resolve("snapshots").toString())) {
      tell("writes " + at.replace(state.toString(), "STATE"), writes(Path.of(at)));
    }
    tell("writes socket", writes(socketFolder));
    for (String line : Files.readAllLines(Path.of("/proc/self/limits"))) {
      if (line.matches("Max (core|file size|processes|open files).*")) {
        tell(line.substring(0, 25).strip(), line.substring(25).strip().split("\\s+")[1]);
      }
    }
    System.out.println("ready");
    Thread.sleep(600_000);
  }

  private static void tell(String what, Object value) {
    System.out.println(what + "=" + value.toString().replaceAll("\\s+", " "));
  }

  private static List<String> list(String folder) throws Exception {
    try (Stream<Path> all = Files.list(Path.of(folder))) {
      return all.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  private static boolean writes(Path folder) {
    try {
      Files.createFile(folder.resolve("written"));
      return true;
    } catch (java.io.IOException e) {
      return false;
    }
  }
}
