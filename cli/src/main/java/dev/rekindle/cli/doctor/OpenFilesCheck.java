package dev.rekindle.cli.doctor;

/** How many files a process may have open. The JVM takes the hard limit by itself. */
record OpenFilesCheck(HostFiles host) implements Check {
  static final long ENOUGH = 16_384;
  static final long LEAST = 2_048;
  private static final String LINE = "Max open files";

  @Override
  public String name() {
    return "open-files";
  }

  @Override
  public String why() {
    return "a VM takes about 20 descriptors of its host process, a client's connection one of the"
        + " service";
  }

  @Override
  public Finding look() {
    String hard =
        host.lines("/proc/self/limits").stream()
            .filter(line -> line.startsWith(LINE))
            .map(line -> line.substring(LINE.length()).strip().split("\\s+"))
            .filter(fields -> fields.length >= 2)
            .map(fields -> fields[1])
            .findFirst()
            .orElse("");
    String fix = "raise the hard limit: nofile in /etc/security/limits.conf, or LimitNOFILE=";
    if (hard.equals("unlimited")) {
      return ok("no limit");
    }
    if (!hard.matches("[0-9]{1,18}")) {
      return warn("unknown", fix);
    }
    long limit = Long.parseLong(hard);
    if (limit >= ENOUGH) {
      return ok("at most " + limit);
    }
    return limit >= LEAST ? warn("at most " + limit, fix) : fail("at most " + limit, fix);
  }
}
