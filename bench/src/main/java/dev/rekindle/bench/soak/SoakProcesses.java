package dev.rekindle.bench.soak;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The processes of a soak: those with its mark in their environment or its state directory among
 * their arguments, and all that descend from one of these. A jail may clear the former and hide the
 * latter, but not who started whom.
 *
 * @param proc {@code /proc}, or a folder that looks like it
 * @param mark {@code NAME=VALUE} in the environment of all it starts
 * @param state its state directory
 */
record SoakProcesses(Path proc, String mark, Path state) {
  /**
   * One process.
   *
   * @param arguments empty for one that has ended and was not waited for
   */
  record Found(long pid, long parent, List<String> arguments) {
    boolean runs(String mainClass) {
      return !arguments.isEmpty()
          && arguments.getFirst().endsWith("java")
          && arguments.stream().anyMatch(argument -> argument.endsWith(mainClass));
    }

    @Override
    public String toString() {
      String text = String.join(" ", arguments);
      return pid + " " + text.substring(0, Math.min(80, text.length()));
    }
  }

  /** All of them, this process left out. */
  List<Found> all() {
    List<Found> everybody = everybody();
    Set<Long> ours = new HashSet<>();
    for (Found process : everybody) {
      if (isMarked(process)) {
        ours.add(process.pid);
      }
    }
    boolean more = true;
    while (more) {
      more = false;
      for (Found process : everybody) {
        more |= ours.contains(process.parent) && ours.add(process.pid);
      }
    }
    long self = ProcessHandle.current().pid();
    return everybody.stream().filter(p -> ours.contains(p.pid) && p.pid != self).toList();
  }

  List<Found> running(String mainClass) {
    return all().stream().filter(process -> process.runs(mainClass)).toList();
  }

  private boolean isMarked(Found process) {
    return process.pid != ProcessHandle.current().pid()
        && (process.arguments.stream().anyMatch(a -> a.contains(state.toString()))
            || text(process.pid, "environ").contains(mark));
  }

  private List<Found> everybody() {
    List<Found> all = new ArrayList<>();
    try (var entries = Files.list(proc)) {
      for (Path entry : entries.toList()) {
        String name = entry.getFileName().toString();
        if (name.matches("[0-9]{1,10}")) {
          long pid = Long.parseLong(name);
          String commandLine = text(pid, "cmdline");
          List<String> arguments =
              commandLine.isEmpty() ? List.of() : List.of(commandLine.split("\0"));
          all.add(new Found(pid, parent(text(pid, "stat")), arguments));
        }
      }
    } catch (IOException e) {
      throw new IllegalStateException(proc + " cannot be read", e);
    }
    return all;
  }

  /** Of {@code pid (name) state ppid ...}; a name may hold blanks and parentheses. */
  static long parent(String stat) {
    String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ");
    return fields.length > 1 ? Long.parseLong(fields[1]) : 0;
  }

  /** Empty for a process that has ended meanwhile. */
  private String text(long pid, String file) {
    try {
      byte[] bytes = Files.readAllBytes(proc.resolve(Long.toString(pid)).resolve(file));
      return new String(bytes, StandardCharsets.UTF_8);
    } catch (IOException e) {
      return "";
    }
  }
}
