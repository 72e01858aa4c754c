package dev.rekindle.vmm.memory;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this host has of pages of 2 MiB, as {@code /sys/kernel/mm} says. Thread: any. */
public final class HugePageSupport {
  private static final Path MM = Path.of("/sys/kernel/mm");

  private HugePageSupport() {}

  /**
   * @return whether the kernel gives transparent huge pages to who asks for them
   */
  public static boolean isTransparent() {
    String modes = read(MM.resolve("transparent_hugepage/enabled"));
    return modes.contains("[madvise]") || modes.contains("[always]");
  }

  /**
   * @return pages of 2 MiB reserved for hugetlbfs, in use or not; 0 where the kernel has none
   */
  public static long reserved() {
    return number("nr_hugepages");
  }

  /**
   * @return those of {@link #reserved} that nobody uses; some may be promised to a mapping
   */
  public static long free() {
    return number("free_hugepages");
  }

  private static long number(String file) {
    String text = read(MM.resolve("hugepages/hugepages-2048kB").resolve(file));
    return text.isEmpty() ? 0 : Long.parseLong(text);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      return "";
    }
  }
}
