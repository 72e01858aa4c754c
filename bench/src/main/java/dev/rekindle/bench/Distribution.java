package dev.rekindle.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Every percentile of what was measured, as CSV for a plot: {@code
 * of,way,threads,memoryMib,liveVms,percent,micros}.
 */
final class Distribution {
  private final Path file;

  Distribution(Path file) {
    this.file = file;
    write(List.of("of,way,threads,memoryMib,liveVms,percent,micros"), false);
  }

  void add(String of, Way way, int memoryMib, int liveVms, Samples samples) {
    List<String> lines = new ArrayList<>();
    for (int permille = 5; permille <= 995; permille += 5) {
      lines.add(
          String.format(
              Locale.ROOT,
              "%s,%s,%d,%d,%d,%.1f,%.1f",
              of,
              way.label(),
              way.threads(),
              memoryMib,
              liveVms,
              permille / 10.0,
              samples.percentile(permille / 10.0)));
    }
    write(lines, true);
  }

  private void write(List<String> lines, boolean append) {
    try {
      Files.write(
          file,
          lines,
          StandardOpenOption.CREATE,
          append ? StandardOpenOption.APPEND : StandardOpenOption.TRUNCATE_EXISTING);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
