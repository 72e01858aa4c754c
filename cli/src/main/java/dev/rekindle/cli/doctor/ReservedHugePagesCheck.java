package dev.rekindle.cli.doctor;

/** Huge pages set aside (hugetlbfs). */
record ReservedHugePagesCheck(HostFiles host) implements Check {
  @Override
  public String name() {
    return "reserved-hugepages";
  }

  @Override
  public String why() {
    return "memory reserved for huge pages is lost to all that does not ask for it by name";
  }

  @Override
  public Finding look() {
    long total = host.memoryField("HugePages_Total").orElse(0);
    long free = host.memoryField("HugePages_Free").orElse(0);
    long pageKib = host.memoryField("Hugepagesize").orElse(0);
    long memoryKib = host.memoryField("MemTotal").orElse(0);
    if (total == 0) {
      return ok("none");
    }
    String found = total + " of " + (pageKib >> 10) + " MiB, " + free + " of them free";
    return free * pageKib > memoryKib / 4
        ? warn(found, "as root: sysctl -w vm.nr_hugepages=0, unless something is to use them")
        : ok(found);
  }
}
