package dev.rekindle.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A host's files, below any root.
 *
 * @param root {@code /}, or a folder that looks like it
 * @param searchPath folders of programs, separated by colons
 */
public record HostFiles(Path root, String searchPath) {
  /**
   * @return this host's
   */
  public static HostFiles here() {
    String path = System.getenv("PATH");
    return new HostFiles(Path.of("/"), (path == null ? "" : path) + ":/usr/sbin:/sbin");
  }

  /**
   * @param file absolute
   * @return it, below the root
   */
  Path path(String file) {
    return root.resolve(file.substring(1));
  }

  boolean exists(String file) {
    return Files.exists(path(file));
  }

  /** The lines of a file; none if it cannot be read. */
  List<String> lines(String file) {
    try {
      return Files.readAllLines(path(file));
    } catch (IOException e) {
      return List.of();
    }
  }

  /** The text of a file without blanks around it; empty if it cannot be read. */
  Optional<String> text(String file) {
    List<String> lines = lines(file);
    return lines.isEmpty() ? Optional.empty() : Optional.of(String.join("\n", lines).strip());
  }

  /** The number that is all of a file; empty if it is none. */
  OptionalLong number(String file) {
    return text(file).map(HostFiles::parse).orElse(OptionalLong.empty());
  }

  /** The number of a line {@code Name: 1234 kB} of {@code /proc/meminfo}. */
  OptionalLong memoryField(String name) {
    return lines("/proc/meminfo").stream()
        .filter(line -> line.startsWith(name + ":"))
        .map(line -> line.substring(name.length() + 1).replace("kB", "").strip())
        .map(HostFiles::parse)
        .findFirst()
        .orElse(OptionalLong.empty());
  }

  private static OptionalLong parse(String text) {
    return text.matches("-?[0-9]{1,18}")
        ? OptionalLong.of(Long.parseLong(text))
        : OptionalLong.empty();
  }

  /** The files of a folder by name, sorted; none if it cannot be read. */
  List<Path> list(String folder) {
    try (var entries = Files.list(path(folder))) {
      return new ArrayList<>(entries.sorted().toList());
    } catch (IOException e) {
      return List.of();
    }
  }

  boolean hasProgram(String name) {
    for (String folder : searchPath.split(":")) {
      if (folder.startsWith("/") && Files.isExecutable(path(folder).resolve(name))) {
        return true;
      }
    }
    return false;
  }
}
