package dev.rekindle.cli.doctor;

/**
 * Memory for guests, or for the lab.
 *
 * @param lab whether Linux guests need the lab, which takes 4 GiB for itself
 */
record MemoryCheck(HostFiles host, boolean lab) implements Check {
  static final long LAB_KIB = 6L << 20;
  static final long NATIVE_KIB = 2L << 20;

  @Override
  public String name() {
    return "memory";
  }

  @Override
  public String why() {
    return lab
        ? "the lab is a machine of 4 GiB beside builds and the JDK"
        : "guests share a snapshot's pages and take memory for what they write";
  }

  @Override
  public Finding look() {
    long kib = host.memoryField("MemAvailable").orElse(0);
    long wanted = lab ? LAB_KIB : NATIVE_KIB;
    String found = DiskRoomCheck.tenths(kib << 10) + " GiB available";
    String fix = "make " + (wanted >> 20) + " GiB available";
    if (kib >= wanted) {
      return ok(found);
    }
    return kib >= wanted / 2 ? warn(found, fix) : fail(found, fix);
  }
}
