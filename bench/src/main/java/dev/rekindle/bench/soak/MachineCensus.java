package dev.rekindle.bench.soak;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Counts what the machine holds.
 *
 * @param root {@code /}, or a folder that looks like it
 * @param processes of the soak
 * @param state its state directory
 * @param temporary where all it starts puts temporary files
 * @param port the service's
 * @param alone whether nobody else uses the machine: then every cgroup, mount and tap counts,
 *     otherwise those that carry our name
 */
record MachineCensus(
    Path root, SoakProcesses processes, Path state, Path temporary, int port, boolean alone) {
  private static final String OURS = "rekindle";

  /** Images are a cache by the digest of what they were made of; logs are for people. */
  private static final Set<String> KEPT = Set.of("logs", "images/#");

  private static final int DEEPEST = 12;

  Holdings take() throws IOException {
    Map<String, Map<String, Integer>> names = new HashMap<>();
    Holdings.KINDS.forEach(kind -> names.put(kind, new HashMap<>()));
    processes.all().forEach(p -> add(names.get("process"), p.toString()));
    cgroups(names.get("cgroup"));
    for (String line : lines("proc/self/mountinfo")) {
      String[] fields = line.split(" ");
      if (fields.length > 4 && (alone || fields[4].contains(OURS) || isBelow(fields[4]))) {
        add(names.get("mount"), fields[4]);
      }
    }
    sockets(names.get("socket"));
    for (Path path : list(root.resolve("sys/class/net"))) {
      String device = path.getFileName().toString();
      if (alone || device.startsWith("rk") || device.startsWith(OURS)) {
        add(names.get("tap"), device);
      }
    }
    files(state, "", names.get("file"));
    files(temporary, "tmp/", names.get("file"));
    performanceFiles(names.get("file"));
    // What this process itself takes is none of the soak's.
    long available = kib("proc/meminfo", "MemAvailable") + kib("proc/self/status", "VmRSS");
    return new Holdings(
        names, available, kib("proc/meminfo", "SUnreclaim"), kib("proc/meminfo", "MemTotal"));
  }

  private boolean isBelow(String path) {
    return path.startsWith(state.toString()) || path.startsWith(temporary.toString());
  }

  private static void add(Map<String, Integer> names, String name) {
    names.merge(name, 1, Integer::sum);
  }

  /** Numbers and digests stand for others of their kind. */
  static String kindOf(String name) {
    return name.replaceAll("[0-9a-f]{8,}", "#").replaceAll("[0-9]+", "#");
  }

  private void cgroups(Map<String, Integer> found) throws IOException {
    Path cgroups = root.resolve("sys/fs/cgroup");
    walk(
        cgroups,
        (path, attributes) -> {
          String name = cgroups.relativize(path).toString();
          if (attributes.isDirectory() && !name.isEmpty() && (alone || name.contains(OURS))) {
            add(found, name);
          }
          return true;
        });
  }

  /** Socket files, sockets that still listen at a path of ours, and on our port. */
  private void sockets(Map<String, Integer> found) throws IOException {
    for (String line : lines("proc/net/unix")) {
      String[] fields = line.strip().split("\\s+");
      if (fields.length > 7 && (isBelow(fields[7]) || fields[7].startsWith("/run/" + OURS))) {
        add(found, "unix " + kindOf(fields[7]));
      }
    }
    for (String table : List.of("proc/net/tcp", "proc/net/tcp6")) {
      for (String line : lines(table)) {
        String[] fields = line.strip().split("\\s+");
        if (fields.length > 3
            && fields[1].endsWith(String.format(":%04X", port))
            && fields[3].equals("0A")) {
          add(found, "tcp " + port);
        }
      }
    }
    for (Path folder : List.of(state, temporary, root.resolve("run/" + OURS))) {
      walk(
          folder,
          (path, attributes) -> {
            if (attributes.isOther()) {
              add(found, "file " + kindOf(path.toString()));
            }
            return true;
          });
    }
  }

  private static void files(Path folder, String prefix, Map<String, Integer> found)
      throws IOException {
    walk(
        folder,
        (path, attributes) -> {
          String name = prefix + kindOf(folder.relativize(path).toString());
          if (KEPT.contains(name)) {
            return false;
          }
          if (!attributes.isOther() && !path.equals(folder)) {
            add(found, name);
          }
          return true;
        });
  }

  /** The JVM's, of processes that are gone. */
  private void performanceFiles(Map<String, Integer> found) throws IOException {
    for (Path folder : list(root.resolve("tmp"))) {
      String name = folder.getFileName().toString();
      if (name.startsWith("hsperfdata_")) {
        for (Path file : list(folder)) {
          if (!Files.exists(root.resolve("proc").resolve(file.getFileName().toString()))) {
            add(found, "/tmp/" + name + "/#");
          }
        }
      }
    }
  }

  /** Whether to go on below. */
  private interface Visit {
    boolean at(Path path, BasicFileAttributes attributes);
  }

  /** What goes away meanwhile is passed over. */
  private static void walk(Path folder, Visit visit) throws IOException {
    if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    Files.walkFileTree(
        folder,
        EnumSet.noneOf(FileVisitOption.class),
        DEEPEST,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            return visit.at(path, attributes)
                ? FileVisitResult.CONTINUE
                : FileVisitResult.SKIP_SUBTREE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            visit.at(path, attributes);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException e) {
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path path, IOException e) {
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** The entries of a folder; none if it is not there. */
  private static List<Path> list(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (var entries = Files.list(folder)) {
      return entries.toList();
    }
  }

  private List<String> lines(String file) {
    try {
      return Files.readAllLines(root.resolve(file));
    } catch (IOException e) {
      return List.of();
    }
  }

  private long kib(String file, String field) {
    return lines(file).stream()
        .filter(line -> line.startsWith(field + ":"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
        .findFirst()
        .orElse(0);
  }
}
