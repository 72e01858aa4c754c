package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A kernel and the modules that belong to it.
 *
 * @param image bzImage or ELF vmlinux
 * @param modules like {@code /lib/modules/<version>}; null if there are none
 */
record KernelFiles(Path image, Path modules) {
  private static final long MAX_FILES_BYTES = 2L << 30;
  private static final long MAX_ENTRIES = 100_000;

  /** The newest package of a series. */
  static String newestPackage(DebianPackages packages, String series)
      throws ImageException, InterruptedException {
    String prefix = "linux-image-" + series + ".";
    // 6.12.117+deb12-cloud-amd64, 6.1.0-40-cloud-amd64; no -unsigned, no -dbg.
    Pattern name = Pattern.compile(Pattern.quote(prefix) + "([0-9][0-9a-z.+~-]*)-cloud-amd64");
    return packages.namesBeginning(prefix).stream()
        .filter(candidate -> name.matcher(candidate).matches())
        .max(Comparator.comparing(KernelFiles::numbers, KernelFiles::compareNumbers))
        .orElseThrow(() ->
            new ImageException(
                "kernel.unavailable",
                "the host's package sources have no " + prefix + "*-cloud-amd64"));
  }

  private static List<Long> numbers(String name) {
    Matcher matcher = Pattern.compile("[0-9]{1,18}").matcher(name);
    return matcher.results().map(result -> Long.parseLong(result.group())).toList();
  }

  private static int compareNumbers(List<Long> a, List<Long> b) {
    for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
      int order = Long.compare(a.get(i), b.get(i));
      if (order != 0) {
        return order;
      }
    }
    return Integer.compare(a.size(), b.size());
  }

  /** Unpacks a kernel's package into a directory. */
  static KernelFiles unpack(Path archive, Path directory)
      throws ImageException, InterruptedException {
    DebianPackages.unpack(
        archive, new TarExtractor(new RootTree(directory), false, MAX_FILES_BYTES, MAX_ENTRIES));
    Path modules = directory.resolve("lib/modules");
    if (!Files.isDirectory(modules)) {
      modules = directory.resolve("usr/lib/modules");
    }
    try {
      return new KernelFiles(
          only(directory.resolve("boot"), "vmlinuz-", archive), only(modules, "", archive));
    } catch (IOException e) {
      throw new ImageException("image.package_damaged", archive + " is no kernel package: " + e, e);
    }
  }

  private static Path only(Path directory, String prefix, Path archive)
      throws IOException, ImageException {
    try (Stream<Path> files = Files.list(directory)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(prefix))
          .sorted()
          .findFirst()
          .orElseThrow(() ->
              new ImageException(
                  "image.package_damaged", archive + " has no " + directory + "/" + prefix));
    }
  }
}
