package dev.rekindle.cli.doctor;

/** Whether KVM keeps huge pages from being executed, against the iTLB multihit flaw. */
record NxHugePagesCheck(HostFiles host) implements Check {
  private static final String FILE = "/sys/module/kvm/parameters/nx_huge_pages";

  @Override
  public String name() {
    return "kvm-nx-huge-pages";
  }

  @Override
  public String why() {
    return "on a processor with the iTLB multihit flaw a guest that executes from huge pages can"
        + " hang the host; elsewhere splitting them only costs";
  }

  @Override
  public Finding look() {
    String value = host.text(FILE).orElse("");
    String flaw = host.text("/sys/devices/system/cpu/vulnerabilities/itlb_multihit").orElse("");
    boolean affected = !flaw.isEmpty() && !flaw.startsWith("Not affected");
    if (value.isEmpty()) {
      return ok("no such setting");
    }
    boolean on = value.equals("Y") || value.equals("force") || value.equals("1");
    if (affected && !on) {
      return fail(value + " on a processor that is affected", "as root: echo force > " + FILE);
    }
    return on && !affected
        ? warn(value + " on a processor that is not affected", "as root: echo off > " + FILE)
        : ok(value + (affected ? ", needed here" : ", the processor is not affected"));
  }
}
