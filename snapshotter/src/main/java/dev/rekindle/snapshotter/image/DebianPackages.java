package dev.rekindle.snapshotter.image;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Distribution packages, fetched by the host's apt with its sources and signatures, unpacked here
 * and never installed. Needs no root: locks, lists where the host has none, and archives are in a
 * directory of our own. Thread: one at a time.
 */
final class DebianPackages {
  private static final Duration QUERY_LIMIT = Duration.ofMinutes(2);
  private static final Duration FETCH_LIMIT = Duration.ofMinutes(20);
  private static final Pattern URI_LINE =
      Pattern.compile("^'[^']+' ([A-Za-z0-9+.~%_-]+\\.deb) [0-9]+", Pattern.MULTILINE);
  private static final Pattern NOT_FOUND =
      Pattern.compile("Unable to locate package|has no installation candidate|No packages found");

  private final Path archives;
  private final Path lists;

  /** Stays empty: apt names no URI of an archive it finds in its cache. */
  private final Path nothing;

  /**
   * @param directory of the cache; made where it lacks
   */
  DebianPackages(Path directory) throws ImageException {
    archives = directory.resolve("archives");
    lists = directory.resolve("lists");
    nothing = directory.resolve("nothing");
    try {
      Files.createDirectories(archives.resolve("partial"));
      Files.createDirectories(lists.resolve("partial"));
      Files.createDirectories(nothing.resolve("partial"));
    } catch (IOException e) {
      throw Failures.writing(directory, e);
    }
  }

  /**
   * What the packages are with all they depend on, on a system that has nothing.
   *
   * @return archive file names with versions, sorted; a change of any is a change of the image
   * @throws ImageException {@code image.package_unknown}, {@code image.packages_unavailable}
   */
  List<String> closure(List<String> packages) throws ImageException, InterruptedException {
    String output = install(QUERY_LIMIT, "--print-uris", packages, nothing);
    List<String> names = new ArrayList<>();
    Matcher matcher = URI_LINE.matcher(output);
    while (matcher.find()) {
      names.add(matcher.group(1));
    }
    if (names.isEmpty()) {
      throw new ImageException(
          "image.packages_unavailable", "apt names no archives for " + packages + ": " + output);
    }
    names.sort(Comparator.naturalOrder());
    return names;
  }

  /**
   * Fetches packages with all they depend on.
   *
   * @param closure their {@link #closure}
   * @return archives, in the closure's order
   */
  List<Path> fetch(List<String> packages, List<String> closure)
      throws ImageException, InterruptedException {
    if (!closure.stream().allMatch(name -> Files.isRegularFile(archives.resolve(name)))) {
      install(FETCH_LIMIT, "--download-only", packages, archives);
    }
    return closure.stream().map(archives::resolve).toList();
  }

  /**
   * Fetches one package alone.
   *
   * @return its archive
   */
  Path fetchAlone(String name) throws ImageException, InterruptedException {
    String output = apt(QUERY_LIMIT, List.of("apt-get", "download", "--print-uris", name), nothing);
    Matcher matcher = URI_LINE.matcher(output);
    if (!matcher.find()) {
      throw new ImageException(
          "image.packages_unavailable", "apt names no archive for " + name + ": " + output);
    }
    Path archive = archives.resolve(matcher.group(1));
    if (!Files.isRegularFile(archive)) {
      apt(FETCH_LIMIT, List.of("apt-get", "download", name), archives);
    }
    return archive;
  }

  /** Names of all packages that begin with a prefix. */
  List<String> namesBeginning(String prefix) throws ImageException, InterruptedException {
    List<String> names = pkgnames(prefix);
    if (names.isEmpty()) {
      update();
      names = pkgnames(prefix);
    }
    return names;
  }

  private List<String> pkgnames(String prefix) throws ImageException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("apt-cache", "pkgnames", prefix));
    command.addAll(options());
    return HostTool.require(QUERY_LIMIT, null, command).lines().sorted().toList();
  }

  private String install(Duration limit, String mode, List<String> packages, Path cache)
      throws ImageException, InterruptedException {
    List<String> command =
        new ArrayList<>(List.of("apt-get", "install", "-y", "-q", mode, "--no-install-recommends"));
    // An empty status file: every dependency is wanted, whatever this host has installed.
    command.addAll(List.of("-o", "Dir::State::status=/dev/null"));
    command.add("--");
    command.addAll(packages);
    return apt(limit, command, cache);
  }

  private String apt(Duration limit, List<String> command, Path directory)
      throws ImageException, InterruptedException {
    HostTool.Outcome outcome = attempt(limit, command, directory);
    if (outcome.exitCode() != 0 && NOT_FOUND.matcher(outcome.output()).find()) {
      update();
      outcome = attempt(limit, command, directory);
    }
    if (outcome.exitCode() == 0) {
      return outcome.output();
    }
    if (NOT_FOUND.matcher(outcome.output()).find()) {
      throw new ImageException("image.package_unknown", outcome.tail());
    }
    ImageException failure = HostTool.failed("apt-get", outcome);
    throw failure.code().equals(ImageException.NO_SPACE)
        ? failure
        : new ImageException("image.packages_unavailable", failure.getMessage());
  }

  private HostTool.Outcome attempt(Duration limit, List<String> command, Path directory)
      throws ImageException, InterruptedException {
    List<String> full = new ArrayList<>();
    full.add(command.getFirst());
    full.addAll(options());
    full.addAll(List.of("-o", "Dir::Cache::archives=" + directory));
    full.addAll(command.subList(1, command.size()));
    return HostTool.run(limit, directory, full);
  }

  private List<String> options() throws ImageException {
    List<String> options =
        new ArrayList<>(
            List.of(
                "-o", "Debug::NoLocking=1",
                "-o", "APT::Sandbox::User=",
                "-o", "Acquire::Retries=3",
                "-o", "Dir::Cache::pkgcache=",
                "-o", "Dir::Cache::srcpkgcache="));
    if (hasOwnLists()) {
      options.addAll(List.of("-o", "Dir::State::lists=" + lists));
    }
    return options;
  }

  private boolean hasOwnLists() throws ImageException {
    try (Stream<Path> files = Files.list(lists)) {
      return files.anyMatch(Files::isRegularFile);
    } catch (IOException e) {
      throw Failures.writing(lists, e);
    }
  }

  /** Fetches the sources' lists into our own directory; the host's stay as they are. */
  private void update() throws ImageException, InterruptedException {
    HostTool.Outcome outcome =
        HostTool.run(
            FETCH_LIMIT,
            null,
            List.of(
                "apt-get",
                "update",
                "-q",
                "-o",
                "Debug::NoLocking=1",
                "-o",
                "APT::Sandbox::User=",
                "-o",
                "Dir::Cache::pkgcache=",
                "-o",
                "Dir::Cache::srcpkgcache=",
                "-o",
                "Dir::State::lists=" + lists));
    if (outcome.exitCode() != 0) {
      throw new ImageException("image.packages_unavailable", "apt-get update: " + outcome.tail());
    }
  }

  /** Unpacks an archive's files, not its scripts. */
  static void unpack(Path archive, TarExtractor into) throws ImageException, InterruptedException {
    Process process =
        HostTool.start(null, List.of("dpkg-deb", "--fsys-tarfile", archive.toString()), false);
    try (InputStream in = process.getInputStream()) {
      into.extract(in);
    } catch (IOException e) {
      throw Failures.writing(archive, e);
    } finally {
      process.destroy();
    }
    if (process.waitFor() != 0) {
      throw new ImageException("image.package_damaged", archive + " cannot be unpacked");
    }
  }
}
