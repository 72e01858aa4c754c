package dev.rekindle.pool.jail;

import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Commands that start a class of the tests. */
final class TestPrograms {
  private TestPrograms() {}

  static List<String> java(Class<?> main) {
    return List.of(
        Path.of(System.getProperty("java.home"), "bin/java").toString(),
        "--enable-native-access=ALL-UNNAMED",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-XX:-UsePerfData",
        "-XX:MaxDirectMemorySize=4g",
        "-Xmx64m",
        "-cp",
        classPath(main.getClassLoader()),
        main.getName());
  }

  /** JUnit's console launcher has a loader of its own, which the property knows nothing of. */
  private static String classPath(ClassLoader loader) {
    return loader instanceof URLClassLoader own
        ? Arrays.stream(own.getURLs()).map(URL::getPath).collect(Collectors.joining(":"))
        : System.getProperty("java.class.path");
  }
}
