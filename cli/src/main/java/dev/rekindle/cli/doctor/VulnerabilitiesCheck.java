package dev.rekindle.cli.doctor;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Flaws of the processor without a mitigation. */
record VulnerabilitiesCheck(HostFiles host) implements Check {
  private static final String FOLDER = "/sys/devices/system/cpu/vulnerabilities";

  @Override
  public String name() {
    return "cpu-vulnerabilities";
  }

  @Override
  public String why() {
    return "a flaw of the processor without a mitigation lets a guest read memory that is not its"
        + " own";
  }

  @Override
  public Finding look() {
    List<Path> files = host.list(FOLDER);
    List<String> open = new ArrayList<>();
    for (Path file : files) {
      String name = file.getFileName().toString();
      if (host.text(FOLDER + "/" + name).orElse("").contains("Vulnerable")) {
        open.add(name);
      }
    }
    if (files.isEmpty()) {
      return warn("the kernel does not say", "take a kernel that lists them in " + FOLDER);
    }
    return open.isEmpty()
        ? ok("none of " + files.size() + " open")
        : warn(
            "open: " + String.join(", ", open),
            "update kernel and microcode; boot without mitigations=off");
  }
}
