package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * What a template is made of. {@link #parse} reads its JSON and refuses fields it does not know;
 * constructors check every value.
 *
 * @param kernel of the guest
 * @param rootfs of the guest, read-only under an overlay in memory
 * @param memoryMib of the guest, in [128, 65536]
 * @param vcpus of the guest, in [1, 32]
 * @param warmup commands run in order before the snapshot, at most 64; each must exit with 0
 * @param kernelArgs appended to the kernel's command line; printable ASCII, at most 1024
 * @param bootTimeoutSeconds until the agent must have answered, in [1, 3600]
 */
public record Recipe(
    KernelSource kernel,
    RootSource rootfs,
    int memoryMib,
    int vcpus,
    List<List<String>> warmup,
    String kernelArgs,
    int bootTimeoutSeconds) {
  /** Where the kernel comes from. */
  public sealed interface KernelSource {}

  /**
   * The newest cloud kernel of a series, from the distribution's package.
   *
   * @param series like {@code 6.12}
   */
  public record DebianKernel(String series) implements KernelSource {
    private static final Pattern SERIES = Pattern.compile("[1-9][0-9]?\\.[0-9]{1,3}");

    /** Checks the form. */
    public DebianKernel {
      check(SERIES.matcher(series).matches(), "kernel.debian must be like 6.12, got " + series);
    }
  }

  /**
   * A file on this host.
   *
   * @param path absolute; a bzImage or an ELF vmlinux
   * @param modules absolute; the directory like {@code /lib/modules/<version>} that belongs to it,
   *     or null where all drivers are built in
   */
  public record KernelFile(Path path, Path modules) implements KernelSource {
    /** Checks the form, not the file. */
    public KernelFile {
      checkAbsolute("kernel.path", path);
      if (modules != null) {
        checkAbsolute("kernel.modules", modules);
      }
    }
  }

  /** Where the root file system comes from. */
  public sealed interface RootSource {}

  /**
   * Distribution packages with what they depend on, and busybox for every command they lack.
   *
   * @param names 1 to 256
   */
  public record Packages(List<String> names) implements RootSource {
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9+.-]{1,127}");

    /** Checks the names' form. */
    public Packages {
      names = List.copyOf(names);
      check(
          !names.isEmpty() && names.size() <= 256,
          "rootfs.packages must name 1 to 256 packages, got " + names.size());
      for (String name : names) {
        check(NAME.matcher(name).matches(), "rootfs.packages has no package name: " + name);
      }
    }
  }

  /**
   * A tar file, plain, gzip or xz, for example of {@code docker export}.
   *
   * @param path absolute
   */
  public record Tar(Path path) implements RootSource {
    /** Checks the form, not the file. */
    public Tar {
      checkAbsolute("rootfs.tar", path);
    }
  }

  /**
   * A directory on this host.
   *
   * @param path absolute
   */
  public record Directory(Path path) implements RootSource {
    /** Checks the form, not the directory. */
    public Directory {
      checkAbsolute("rootfs.directory", path);
      check(path.getNameCount() > 0, "rootfs.directory must not be the root of this host");
    }
  }

  /** Busybox, statically linked, and nothing else. */
  public record Busybox() implements RootSource {}

  /** Checks every value. */
  public Recipe {
    Objects.requireNonNull(kernel, "kernel");
    Objects.requireNonNull(rootfs, "rootfs");
    checkRange("memoryMib", memoryMib, 128, 65536);
    checkRange("vcpus", vcpus, 1, 32);
    checkRange("bootTimeoutSeconds", bootTimeoutSeconds, 1, 3600);
    warmup = warmup.stream().map(List::copyOf).toList();
    check(warmup.size() <= 64, "warmup must have at most 64 commands, got " + warmup.size());
    for (List<String> command : warmup) {
      check(!command.isEmpty() && !command.getFirst().isEmpty(), "warmup has an empty command");
      check(
          command.size() <= 1024 && command.stream().noneMatch(word -> word.indexOf('\0') >= 0),
          "warmup has a command with more than 1024 words or a NUL");
    }
    check(
        kernelArgs.length() <= 1024 && kernelArgs.chars().allMatch(c -> c >= ' ' && c <= '~'),
        "kernelArgs must be at most 1024 printable ASCII characters");
  }

  /**
   * Busybox alone: the smallest template.
   *
   * @return the recipe of the default template {@code base}
   */
  public static Recipe base() {
    return new Recipe(
        new DebianKernel("6.12"),
        new Busybox(),
        128,
        1,
        List.of(List.of("/bin/sh", "-c", "exec true")),
        "",
        300);
  }

  /**
   * Python without its larger standard library.
   *
   * @return the recipe of the default template {@code python}
   */
  public static Recipe python() {
    return new Recipe(
        new DebianKernel("6.12"),
        new Packages(List.of("python3-minimal")),
        256,
        1,
        List.of(
            List.of("/bin/sh", "-c", "exec true"),
            List.of("python3", "-c", "print('warm')"),
            List.of("python3", "-c", "print('warm')")),
        "",
        300);
  }

  /**
   * The default recipe of a name.
   *
   * @param name {@code base} or {@code python}
   * @return the recipe
   * @throws RecipeException {@code template.no_default}
   */
  public static Recipe named(String name) {
    return switch (name) {
      case "base" -> base();
      case "python" -> python();
      default ->
          throw new RecipeException("template.no_default", "no default template is called " + name);
    };
  }

  /**
   * @param json of a recipe
   * @return the recipe
   * @throws RecipeException {@code template.invalid_recipe}, naming field and rule
   */
  public static Recipe parse(JsonNode json) {
    return RecipeJson.parse(json);
  }

  /**
   * @return the recipe as {@link #parse} reads it
   */
  public JsonNode toJson() {
    return RecipeJson.write(this);
  }

  private static void checkRange(String field, int value, int least, int most) {
    check(
        value >= least && value <= most,
        field + " must be in [" + least + ", " + most + "], got " + value);
  }

  private static void checkAbsolute(String field, Path path) {
    check(
        path.isAbsolute() && path.equals(path.normalize()),
        field + " must be an absolute path without . and .., got " + path);
  }

  private static void check(boolean holds, String message) {
    if (!holds) {
      throw new RecipeException("template.invalid_recipe", message);
    }
  }
}
