package dev.rekindle.cli.doctor;

import java.util.List;

/** Swap that guest memory could go to. */
record SwapCheck(HostFiles host) implements Check {
  @Override
  public String name() {
    return "swap";
  }

  @Override
  public String why() {
    return "guest memory that was swapped out makes a lease wait for the disk, and lies there in"
        + " the clear";
  }

  @Override
  public Finding look() {
    List<String> lines = host.lines("/proc/swaps");
    List<String> areas = lines.isEmpty() ? lines : lines.subList(1, lines.size());
    long kib = 0;
    for (String area : areas) {
      String[] fields = area.strip().split("\\s+");
      kib += fields.length > 2 && fields[2].matches("[0-9]{1,15}") ? Long.parseLong(fields[2]) : 0;
    }
    return areas.isEmpty()
        ? ok("none")
        : warn(
            (kib >> 10) + " MiB in " + areas.size() + " area" + (areas.size() == 1 ? "" : "s"),
            "as root: swapoff -a, and take it out of /etc/fstab");
  }
}
