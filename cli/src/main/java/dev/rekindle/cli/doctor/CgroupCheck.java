package dev.rekindle.cli.doctor;

import java.util.Arrays;
import java.util.List;

/** cgroup v2 with the controllers that limit a host process. */
record CgroupCheck(HostFiles host) implements Check {
  static final List<String> CONTROLLERS = List.of("cpu", "io", "memory", "pids");
  private static final String FIX =
      "boot with systemd.unified_cgroup_hierarchy=1, or mount cgroup2 at /sys/fs/cgroup";

  @Override
  public String name() {
    return "cgroup";
  }

  @Override
  public String why() {
    return "cgroup v2 limits the processor time, memory, processes and disk of a host process";
  }

  @Override
  public Finding look() {
    if (!host.exists("/sys/fs/cgroup/cgroup.controllers")) {
      boolean hybrid = host.exists("/sys/fs/cgroup/memory");
      return warn(hybrid ? "cgroup v1, or a mixture with v2" : "not mounted", FIX);
    }
    List<String> there =
        Arrays.asList(host.text("/sys/fs/cgroup/cgroup.controllers").orElse("").split("\\s+"));
    List<String> missing = CONTROLLERS.stream().filter(c -> !there.contains(c)).toList();
    return missing.isEmpty()
        ? ok("v2 with " + String.join(", ", CONTROLLERS))
        : warn(
            "v2 without " + String.join(", ", missing),
            "take a kernel with these controllers, not held by a v1 hierarchy nor switched off by"
                + " cgroup_disable=");
  }
}
