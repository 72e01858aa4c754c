package dev.rekindle.cli.doctor;

import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;

/**
 * What the lab runs on.
 *
 * @param needed whether Linux guests cannot run on this host's own KVM
 * @param root whether this user is root, as who starts the lab must be
 */
record LabCheck(HostFiles host, boolean needed, boolean root) implements Check {
  private static final List<String> PROGRAMS =
      List.of("qemu-system-x86_64", "busybox", "cpio", "mke2fs", "socat");
  private static final String FILE_SERVER = "/usr/lib/qemu/virtiofsd";

  @Override
  public String name() {
    return "lab";
  }

  @Override
  public String why() {
    return needed
        ? "Linux guests run in a QEMU machine here, since this host's KVM cannot run them"
        : "a QEMU machine for hosts whose KVM cannot run Linux guests; this one's can";
  }

  @Override
  public Finding look() {
    List<String> missing =
        new ArrayList<>(PROGRAMS.stream().filter(p -> !host.hasProgram(p)).toList());
    if (!Files.isExecutable(host.path(FILE_SERVER))) {
      missing.add("virtiofsd");
    }
    if (!missing.isEmpty()) {
      String found = "missing: " + String.join(", ", missing);
      String fix = "see packages; ./rekindle installs them as root";
      return needed ? fail(found, fix) : warn(found, fix);
    }
    return needed && !root
        ? fail("there, but only root can start it", "run ./rekindle up as root")
        : ok(needed ? "there" : "there, not needed");
  }
}
