package dev.rekindle.cli.doctor;

/** The mode of transparent huge pages. */
record TransparentHugePagesCheck(HostFiles host) implements Check {
  private static final String FILE = "/sys/kernel/mm/transparent_hugepage/enabled";

  @Override
  public String name() {
    return "transparent-hugepages";
  }

  @Override
  public String why() {
    return "a guest that boots asks for them: with pages of 4 KiB its memory takes 500 times the"
        + " faults";
  }

  @Override
  public Finding look() {
    String text = host.text(FILE).orElse("");
    int from = text.indexOf('[');
    int to = text.indexOf(']');
    if (from < 0 || to < from) {
      return warn("the kernel has none", "take a kernel with CONFIG_TRANSPARENT_HUGEPAGE");
    }
    String mode = text.substring(from + 1, to);
    return mode.equals("never") ? warn("never", "as root: echo madvise > " + FILE) : ok(mode);
  }
}
