package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/**
 * Finds modules and what they depend on, in the order to load them. Dependencies are read from the
 * modules themselves ({@code depends=} in their {@code .modinfo}), for a package that was not
 * installed has no {@code modules.dep}.
 */
final class KernelModules {
  private static final int MAX_MODULE_BYTES = 64 << 20;
  private static final byte[] DEPENDS = "\0depends=".getBytes(StandardCharsets.US_ASCII);

  private final Map<String, Path> files = new HashMap<>();
  private final Set<String> builtIn = new HashSet<>();
  private final Map<String, byte[]> ordered = new LinkedHashMap<>();
  private final Set<String> visiting = new HashSet<>();

  /**
   * @param directory like {@code /lib/modules/<version>}; null for a kernel without modules
   */
  KernelModules(Path directory) throws ImageException {
    if (directory == null) {
      return;
    }
    try (Stream<Path> all = Files.walk(directory)) {
      for (Path file : (Iterable<Path>) all.filter(Files::isRegularFile)::iterator) {
        String name = file.getFileName().toString();
        if (name.matches(".*\\.ko(\\.xz|\\.gz)?")) {
          files.put(canonical(name), file);
        }
      }
      Path list = directory.resolve("modules.builtin");
      if (Files.isRegularFile(list)) {
        Files.readAllLines(list)
            .forEach(line -> builtIn.add(canonical(line.substring(line.lastIndexOf('/') + 1))));
      }
    } catch (IOException e) {
      throw Failures.reading("kernel.modules_unreadable", directory, e);
    }
  }

  private static String canonical(String fileName) {
    int end = fileName.indexOf(".ko");
    return (end < 0 ? fileName : fileName.substring(0, end)).replace('-', '_');
  }

  /**
   * Adds modules and all they need. A kernel given without its modules is taken to have every
   * driver built in.
   *
   * @throws ImageException {@code kernel.module_missing}
   */
  void add(List<String> names) throws ImageException {
    for (String name : names) {
      if (!files.isEmpty()) {
        add(canonical(name), name);
      }
    }
  }

  private void add(String name, String wantedBy) throws ImageException {
    if (ordered.containsKey(name) || builtIn.contains(name) || !visiting.add(name)) {
      return;
    }
    Path file = files.get(name);
    if (file == null) {
      throw new ImageException(
          "kernel.module_missing", "the kernel has no module " + name + ", needed by " + wantedBy);
    }
    byte[] content = read(file);
    for (String dependency : dependencies(content)) {
      add(canonical(dependency), name);
    }
    ordered.put(name, content);
  }

  /** File names and contents, decompressed, in the order to load them. */
  Map<String, byte[]> inLoadOrder() {
    Map<String, byte[]> result = new LinkedHashMap<>();
    ordered.forEach((name, content) -> result.put(name + ".ko", content));
    return result;
  }

  private static byte[] read(Path file) throws ImageException {
    String name = file.toString();
    try (InputStream raw = Files.newInputStream(file);
        InputStream in =
            name.endsWith(".xz")
                ? new XZInputStream(raw)
                : name.endsWith(".gz") ? new GZIPInputStream(raw) : raw) {
      byte[] content = in.readNBytes(MAX_MODULE_BYTES + 1);
      if (content.length > MAX_MODULE_BYTES) {
        throw new IOException("larger than " + MAX_MODULE_BYTES + " bytes");
      }
      return content;
    } catch (IOException e) {
      throw Failures.reading("kernel.modules_unreadable", file, e);
    }
  }

  static List<String> dependencies(byte[] module) {
    int at = indexOf(module, DEPENDS);
    List<String> names = new ArrayList<>();
    if (at >= 0) {
      int begin = at + DEPENDS.length;
      int end = begin;
      while (end < module.length && module[end] != 0) {
        end++;
      }
      String list = new String(module, begin, end - begin, StandardCharsets.US_ASCII);
      Stream.of(list.split(",")).filter(name -> !name.isBlank()).forEach(names::add);
    }
    return names;
  }

  private static int indexOf(byte[] in, byte[] wanted) {
    outer:
    for (int i = 0; i + wanted.length <= in.length; i++) {
      for (int j = 0; j < wanted.length; j++) {
        if (in[i + j] != wanted[j]) {
          continue outer;
        }
      }
      return i;
    }
    return -1;
  }
}
