package dev.rekindle.cli.doctor;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Whether page faults of a guest can be served from user space.
 *
 * @param root whether this user is root, to whom it is always open
 */
record UserfaultfdCheck(HostFiles host, boolean root) implements Check {
  private static final String SYSCTL = "/proc/sys/vm/unprivileged_userfaultfd";

  @Override
  public String name() {
    return "userfaultfd";
  }

  @Override
  public String why() {
    return "by it a monitor can bring in a guest's pages as they are touched; Rekindle maps"
        + " snapshots and does without";
  }

  @Override
  public Finding look() {
    Path device = host.path("/dev/userfaultfd");
    if (Files.isReadable(device) && Files.isWritable(device)) {
      return ok("by /dev/userfaultfd");
    }
    if (!host.exists(SYSCTL)) {
      return warn("the kernel has none", "take a kernel with CONFIG_USERFAULTFD");
    }
    if (root) {
      return ok("by the system call, as root");
    }
    return host.number(SYSCTL).orElse(0) == 1
        ? ok("by the system call, for everybody")
        : warn(
            "for root alone",
            Files.exists(device)
                ? "as root: setfacl -m u:$USER:rw /dev/userfaultfd"
                : "as root: sysctl -w vm.unprivileged_userfaultfd=1");
  }
}
