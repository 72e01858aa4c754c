package dev.rekindle.cli.doctor;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * The Debian packages that builds, images and the lab need.
 *
 * @param list {@code scripts/debian-packages.txt}: one a line, {@code #} begins a comment
 */
record PackagesCheck(HostFiles host, Path list) implements Check {
  private static final String STATUS = "/var/lib/dpkg/status";

  @Override
  public String name() {
    return "packages";
  }

  @Override
  public String why() {
    return "they build the guest agent and the images, and are what the lab runs on";
  }

  @Override
  public Finding look() {
    List<String> wanted;
    Set<String> installed;
    try {
      wanted =
          Files.readAllLines(list).stream()
              .map(line -> line.replaceFirst("#.*", "").strip())
              .filter(line -> !line.isEmpty())
              .toList();
    } catch (IOException e) {
      return fail("no list at " + list, "set REKINDLE_HOME to the checkout");
    }
    try {
      installed = installed();
    } catch (IOException e) {
      return warn("this is no Debian", "install what these hold: " + String.join(" ", wanted));
    }
    List<String> missing = wanted.stream().filter(name -> !installed.contains(name)).toList();
    return missing.isEmpty()
        ? ok("all " + wanted.size() + " there")
        : fail(
            "missing: " + String.join(" ", missing),
            "apt-get install --no-install-recommends " + String.join(" ", missing));
  }

  /** Of dpkg's list of blocks, {@code Package:} before {@code Status:} in each. */
  private Set<String> installed() throws IOException {
    Set<String> names = new HashSet<>();
    try (BufferedReader in =
        Files.newBufferedReader(host.path(STATUS), StandardCharsets.ISO_8859_1)) {
      String name = "";
      for (String line = in.readLine(); line != null; line = in.readLine()) {
        if (line.startsWith("Package: ")) {
          name = line.substring("Package: ".length()).strip();
        } else if (line.startsWith("Status: ") && line.endsWith(" installed")) {
          names.add(name);
        }
      }
    }
    return names;
  }
}
