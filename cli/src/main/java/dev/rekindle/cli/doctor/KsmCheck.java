package dev.rekindle.cli.doctor;

/** Merging of equal pages. */
record KsmCheck(HostFiles host) implements Check {
  private static final String FILE = "/sys/kernel/mm/ksm/run";

  @Override
  public String name() {
    return "ksm";
  }

  @Override
  public String why() {
    return "where equal pages of different guests are merged, one guest can time its writes to"
        + " learn what another has in memory";
  }

  @Override
  public Finding look() {
    long run = host.number(FILE).orElse(0);
    return run == 1 ? warn("running", "as root: echo 2 > " + FILE) : ok("not running");
  }
}
