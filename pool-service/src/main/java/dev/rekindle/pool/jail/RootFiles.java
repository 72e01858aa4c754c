package dev.rekindle.pool.jail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a program in the jail sees of this machine's files: its JDK, its class path, the shared
 * libraries that these want, by name and nothing beside them.
 *
 * @param files absolute, as the program names them
 */
record RootFiles(Set<Path> files) {
  /** {@code name => /path (0x...)} or {@code /path (0x...)}. */
  private static final Pattern LIBRARY = Pattern.compile("(?:=>\\s*|^\\s*)(/\\S+)\\s+\\(0x");

  private static final List<String> JVM_PARTS =
      List.of("bin/java", "lib/server/libjvm.so", "lib/libnet.so", "lib/libnio.so");
  private static final String CACHE = "-XX:AOTCache=";

  /** Copies the set. */
  RootFiles {
    files = java.util.Collections.unmodifiableSet(new LinkedHashSet<>(files));
  }

  /**
   * @param program starts {@code java}, up to the main class
   * @param helper a program that runs in the jail before it
   * @throws IOException if the libraries cannot be found out
   */
  static RootFiles of(List<String> program, Path helper) throws IOException {
    Set<Path> files = new LinkedHashSet<>();
    Path jdk = jdk(program);
    files.add(jdk);
    files.add(helper);
    List<String> ldd = new ArrayList<>();
    ldd.add("ldd");
    JVM_PARTS.forEach(part -> ldd.add(jdk.resolve(part).toString()));
    ldd.add(helper.toString());
    libraries(Programs.run(ldd).output()).stream()
        .filter(library -> !library.startsWith(jdk))
        .forEach(files::add);
    files.addAll(classPath(program));
    return new RootFiles(files);
  }

  /** The JDK's folder, under the name the program is called by. */
  static Path jdk(List<String> program) throws IOException {
    Path jdk = Path.of(program.getFirst()).toAbsolutePath().getParent().getParent();
    if (!Files.exists(jdk.resolve("lib/server/libjvm.so"))) {
      throw new IOException(jdk + " is not a JDK's folder");
    }
    return jdk;
  }

  static List<Path> libraries(String ldd) {
    List<Path> found = new ArrayList<>();
    for (String line : ldd.split("\n")) {
      Matcher m = LIBRARY.matcher(line);
      if (m.find()) {
        found.add(Path.of(m.group(1)).normalize());
      }
    }
    return found;
  }

  private static List<Path> classPath(List<String> program) {
    List<Path> found = new ArrayList<>();
    for (int i = 1; i < program.size(); i++) {
      String word = program.get(i);
      if (word.startsWith(CACHE)) {
        found.add(Path.of(word.substring(CACHE.length())));
      } else if (program.get(i - 1).equals("-cp")) {
        for (String entry : word.split(":")) {
          found.add(Path.of(entry).toAbsolutePath().normalize());
        }
      }
    }
    found.removeIf(path -> !Files.exists(path));
    return found;
  }
}
