package dev.rekindle.cli.doctor;

import java.util.Set;

/** What the kernel reads the time from. */
record ClockSourceCheck(HostFiles host) implements Check {
  private static final String FILE =
      "/sys/devices/system/clocksource/clocksource0/current_clocksource";
  private static final Set<String> QUICK =
      Set.of("tsc", "kvm-clock", "hyperv_clocksource_tsc_page", "arch_sys_counter");

  @Override
  public String name() {
    return "clock-source";
  }

  @Override
  public String why() {
    return "a clock that is read from a device costs each stage stamp microseconds, and guests get"
        + " no clock they can read without leaving KVM";
  }

  @Override
  public Finding look() {
    String source = host.text(FILE).orElse("unknown");
    return QUICK.contains(source)
        ? ok(source)
        : warn(source, "boot with tsc=reliable if the TSC is stable here, or take another host");
  }
}
