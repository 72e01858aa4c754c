package dev.rekindle.cli.doctor;

/** The kernel's system call filters. */
record SeccompCheck(HostFiles host) implements Check {
  @Override
  public String name() {
    return "seccomp";
  }

  @Override
  public String why() {
    return "a host process dies at a system call that its lists do not allow";
  }

  @Override
  public Finding look() {
    return host.text("/proc/sys/kernel/seccomp/actions_avail").orElse("").contains("kill_process")
        ? ok("kills the process")
        : warn(
            "no filters; host processes may call what they like",
            "a kernel with CONFIG_SECCOMP_FILTER, 4.14 or newer");
  }
}
