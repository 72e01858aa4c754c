package dev.rekindle.pool.jail;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * The control groups (cgroup v2) of this service's host processes, one each, under one folder. In a
 * unit that systemd delegates ({@code Delegate=yes}) the folder lies in the unit's own group and
 * the service moves to a leaf beside it; a service of root elsewhere has it at the top.
 */
final class CgroupTree {
  /** Those that limit; each is used where there. */
  private static final List<String> CONTROLLERS = List.of("cpu", "memory", "io", "pids");

  private static final long PERIOD_MICROS = 100_000;
  private static final int REMOVE_TRIES = 100;

  private final Path hosts;
  private final Set<String> controllers;

  private CgroupTree(Path hosts, Set<String> controllers) {
    this.hosts = hosts;
    this.controllers = controllers;
  }

  /**
   * Makes the folder.
   *
   * @param mount of cgroup v2
   * @param own {@code /proc/self/cgroup}
   * @param pid this process
   * @param name of the folder
   * @throws IOException saying what this machine does not allow
   */
  static CgroupTree prepare(Path mount, Path own, long pid, String name) throws IOException {
    if (!Files.exists(mount.resolve("cgroup.controllers"))) {
      throw new IOException("there is no cgroup v2 at " + mount);
    }
    Path group = mount;
    for (String line : Files.readAllLines(own)) {
      if (line.startsWith("0::/")) {
        group = mount.resolve(line.substring("0::/".length()));
      }
    }
    boolean alone =
        !group.equals(mount)
            && Files.readAllLines(group.resolve("cgroup.procs")).equals(List.of(pid + ""));
    Path parent = mount;
    if (alone) {
      parent = group;
      // A group with controllers for its children has no processes of its own.
      Path leaf = Files.createDirectories(group.resolve("service"));
      write(leaf, "cgroup.procs", Long.toString(pid));
    }
    Path hosts = parent.resolve(name);
    if (!Files.isDirectory(hosts)) {
      Files.createDirectory(hosts);
    }
    enable(parent);
    return new CgroupTree(hosts, enable(hosts));
  }

  /** Gives a group's children its controllers. */
  private static Set<String> enable(Path group) throws IOException {
    Set<String> there = words(group.resolve("cgroup.controllers"));
    for (String controller : CONTROLLERS) {
      if (there.contains(controller)) {
        write(group, "cgroup.subtree_control", "+" + controller);
      }
    }
    Set<String> enabled = words(group.resolve("cgroup.subtree_control"));
    enabled.retainAll(CONTROLLERS);
    return enabled;
  }

  private static Set<String> words(Path file) throws IOException {
    return new TreeSet<>(List.of(Files.readString(file).strip().split("\\s+")));
  }

  /** Those that work here. */
  Set<String> controllers() {
    return Set.copyOf(controllers);
  }

  Path folder() {
    return hosts;
  }

  /**
   * Makes a host process's group and sets its limits.
   *
   * @param name of the process
   * @param limits its
   * @param machineBytes memory of this machine
   * @param disk {@code major:minor} for its I/O limit; empty for none
   * @return the group's folder, into whose {@code cgroup.procs} the process is to be written
   * @throws IOException naming the file that was refused
   */
  Path create(String name, HostLimits limits, long machineBytes, String disk) throws IOException {
    Path group = hosts.resolve(name);
    remove(name);
    Files.createDirectory(group);
    if (controllers.contains("cpu")) {
      long quota = PERIOD_MICROS * limits.cpuPercent() / 100;
      write(group, "cpu.max", (quota == 0 ? "max" : quota + "") + " " + PERIOD_MICROS);
      write(group, "cpu.weight", Integer.toString(limits.cpuWeight()));
    }
    if (controllers.contains("memory")) {
      long bytes = limits.memoryBytes(machineBytes);
      write(group, "memory.high", Long.toString(bytes / 10 * 9));
      write(group, "memory.max", Long.toString(bytes));
      // One without its other threads' memory would be no process at all.
      write(group, "memory.oom.group", "1");
    }
    if (controllers.contains("pids")) {
      write(group, "pids.max", Integer.toString(limits.tasks()));
    }
    if (controllers.contains("io") && limits.ioMibPerSecond() > 0 && !disk.isEmpty()) {
      long bytes = (long) limits.ioMibPerSecond() << 20;
      write(group, "io.max", disk + " rbps=" + bytes + " wbps=" + bytes);
    }
    return group;
  }

  /**
   * Kills whatever is in a group and removes it; nothing if there is none of this name.
   *
   * @param name of the process it was made for
   * @throws IOException if it does not go within 2 s
   */
  void remove(String name) throws IOException {
    Path group = hosts.resolve(name);
    for (int i = 0; Files.isDirectory(group); i++) {
      try {
        if (!Files.readString(group.resolve("cgroup.procs")).isBlank()) {
          write(group, "cgroup.kill", "1");
        }
        Files.delete(group);
      } catch (NoSuchFileException e) {
        return;
      } catch (IOException e) {
        if (i == REMOVE_TRIES) {
          throw new IOException("the control group " + group + " does not go", e);
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      Thread.sleep(20);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Names of the groups there are, a former service's included. */
  List<String> names() throws IOException {
    List<String> names = new ArrayList<>();
    try (DirectoryStream<Path> all = Files.newDirectoryStream(hosts, Files::isDirectory)) {
      all.forEach(group -> names.add(group.getFileName().toString()));
    }
    return names;
  }

  /** Removes the folder, if nothing is left in it. */
  void close() throws IOException {
    Files.deleteIfExists(hosts);
  }

  /** One write a value, as the kernel wants it. */
  private static void write(Path group, String file, String value) throws IOException {
    try (var out =
        Files.newOutputStream(group.resolve(file), java.nio.file.StandardOpenOption.WRITE)) {
      out.write(value.getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new IOException(
          "writing " + value + " to " + group.resolve(file) + ": " + e.getMessage(), e);
    }
  }
}
