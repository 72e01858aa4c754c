package dev.rekindle.cli.doctor;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The JDK that runs this.
 *
 * @param home its folder
 * @param feature its feature release
 */
record JdkCheck(Path home, int feature) implements Check {
  static final int LEAST_FEATURE = 25;

  @Override
  public String name() {
    return "jdk";
  }

  @Override
  public String why() {
    return "the monitor needs java.lang.foreign of 25, the build a compiler";
  }

  @Override
  public Finding look() {
    String found = feature + " in " + home;
    String fix = "install a JDK 25 or newer (temurin-25-jdk), or set JAVA_HOME to one";
    if (feature < LEAST_FEATURE) {
      return fail(found, fix);
    }
    return Files.isExecutable(home.resolve("bin/javac"))
        ? ok(found)
        : fail(found + ", without a compiler", fix);
  }
}
