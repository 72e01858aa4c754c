package dev.rekindle.cli.doctor;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** Whether this user may make cgroups with limits below the one it is in. */
record CgroupDelegationCheck(HostFiles host) implements Check {
  @Override
  public String name() {
    return "cgroup-delegation";
  }

  @Override
  public String why() {
    return "the service makes a cgroup for each host process below its own";
  }

  @Override
  public Finding look() {
    String own =
        host.lines("/proc/self/cgroup").stream()
            .filter(line -> line.startsWith("0::/"))
            .map(line -> line.substring("0::".length()))
            .findFirst()
            .orElse("");
    if (own.isEmpty() || !host.exists("/sys/fs/cgroup/cgroup.controllers")) {
      return warn("no cgroup v2 to delegate", "see cgroup");
    }
    String folder = "/sys/fs/cgroup" + (own.equals("/") ? "" : own);
    Path path = host.path(folder);
    if (!Files.isWritable(path)) {
      return warn(
          own + " belongs to another user",
          "run the service as a unit with Delegate=yes, or under: systemd-run --user --scope -p"
              + " Delegate=yes");
    }
    List<String> there =
        Arrays.asList(host.text(folder + "/cgroup.controllers").orElse("").split("\\s+"));
    List<String> missing =
        CgroupCheck.CONTROLLERS.stream().filter(c -> !there.contains(c)).toList();
    return missing.isEmpty()
        ? ok(own + " is ours, with all controllers")
        : warn(
            own + " lacks " + String.join(", ", missing),
            "enable them in the cgroup.subtree_control of the cgroups above it");
  }
}
