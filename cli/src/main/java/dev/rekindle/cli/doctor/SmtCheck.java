package dev.rekindle.cli.doctor;

/** Two threads on one core. */
record SmtCheck(HostFiles host) implements Check {
  @Override
  public String name() {
    return "smt";
  }

  @Override
  public String why() {
    return "threads of one core share caches and buffers, through which a guest can read another's"
        + " or the host's data";
  }

  @Override
  public Finding look() {
    long active = host.number("/sys/devices/system/cpu/smt/active").orElse(-1);
    if (active == 1) {
      return warn(
          "on",
          "with tenants who do not trust each other, as root: echo off >"
              + " /sys/devices/system/cpu/smt/control, or boot with nosmt");
    }
    return ok(active == 0 ? "off" : "the kernel knows of none");
  }
}
