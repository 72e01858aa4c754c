package dev.rekindle.cli.doctor;

/** The program that makes the jail's namespaces. */
record BubblewrapCheck(HostFiles host) implements Check {
  @Override
  public String name() {
    return "bubblewrap";
  }

  @Override
  public String why() {
    return "it puts a host process into namespaces of its own, with a minimal root";
  }

  @Override
  public Finding look() {
    return host.hasProgram("bwrap")
        ? ok("there")
        : warn(
            "missing; host processes see the whole host",
            "apt-get install --no-install-recommends bubblewrap");
  }
}
