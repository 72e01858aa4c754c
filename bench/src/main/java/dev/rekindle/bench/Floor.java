package dev.rekindle.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code floor/restore_limit.c}: the same work in C, with nothing around the system calls. */
final class Floor {
  private static final Pattern FIELD = Pattern.compile("\"(\\w+)\":\"?([^,\"}]+)");

  /** One line of the floor's. */
  record Line(double p50Micros, double p99Micros, double perSecond) {}

  private final Path program;

  /** Compiles it. */
  Floor(Path source, Path folder) {
    try {
      Files.createDirectories(folder);
      program = folder.resolve("restore_limit");
      run("cc", "-O2", "-o", program.toString(), source.toString(), "-lpthread");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs it; the result by way. */
  Map<String, Line> measure(int runs, int memoryMib) {
    Map<String, Line> lines = new LinkedHashMap<>();
    for (String line :
        run(program.toString(), Integer.toString(runs), Integer.toString(memoryMib), "2")
            .lines()
            .toList()) {
      Map<String, String> fields = new LinkedHashMap<>();
      Matcher m = FIELD.matcher(line);
      while (m.find()) {
        fields.put(m.group(1), m.group(2));
      }
      lines.put(
          fields.get("way"),
          new Line(
              number(fields, "p50_us"), number(fields, "p99_us"), number(fields, "per_second")));
    }
    return lines;
  }

  private static double number(Map<String, String> fields, String name) {
    return Double.parseDouble(fields.getOrDefault(name, "0"));
  }

  private static String run(String... command) {
    try {
      Process process =
          new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
      String out = new String(process.getInputStream().readAllBytes());
      if (process.waitFor() != 0) {
        throw new IllegalStateException(String.join(" ", command) + " failed");
      }
      return out;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
