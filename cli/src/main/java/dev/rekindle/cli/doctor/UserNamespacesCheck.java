package dev.rekindle.cli.doctor;

/**
 * Whether this user may make user namespaces.
 *
 * @param root whether this user is root, who needs none
 */
record UserNamespacesCheck(HostFiles host, boolean root) implements Check {
  @Override
  public String name() {
    return "user-namespaces";
  }

  @Override
  public String why() {
    return "the jail of a host process is made of namespaces; who is not root gets them through a"
        + " user namespace";
  }

  @Override
  public Finding look() {
    if (!host.exists("/proc/self/ns/user")) {
      return root
          ? warn("the kernel has none", "take a kernel with CONFIG_USER_NS")
          : fail("the kernel has none", "take a kernel with CONFIG_USER_NS, or run as root");
    }
    String closed = closed();
    if (closed == null) {
      return ok("allowed");
    }
    return root
        ? ok(closed.split(" ")[0] + " closes them to others; root needs none")
        : fail(closed, "as root: sysctl -w " + closed.split(" ")[0] + "=" + open(closed));
  }

  /** The setting that keeps them from this user, or null. */
  private String closed() {
    if (host.number("/proc/sys/user/max_user_namespaces").orElse(1) == 0) {
      return "user.max_user_namespaces = 0";
    }
    if (host.number("/proc/sys/kernel/unprivileged_userns_clone").orElse(1) == 0) {
      return "kernel.unprivileged_userns_clone = 0";
    }
    if (host.number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").orElse(0) == 1) {
      return "kernel.apparmor_restrict_unprivileged_userns = 1";
    }
    return null;
  }

  private static String open(String closed) {
    if (closed.startsWith("user.")) {
      return "65536";
    }
    return closed.endsWith("0") ? "1" : "0";
  }
}
