package dev.rekindle.vmm.boot;

/**
 * The arguments every guest kernel gets, with the reason. Facts were read in Linux 6.12 unless said
 * otherwise.
 */
public enum DefaultKernelArgument {
  /** The serial port is the only console; it prints from the first message on, by polling. */
  CONSOLE("console=ttyS0"),

  /**
   * Every character costs an exit; warnings and panics still print. {@code loglevel=7} undoes it.
   */
  QUIET("quiet"),

  /** There is one serial port; Debian's kernel would probe four, each a dozen exits. */
  ONE_UART("8250.nr_uarts=1"),

  /** A reboot pulses the keyboard controller's reset line, which the monitor takes as "stop". */
  REBOOT_BY_KEYBOARD_CONTROLLER("reboot=k"),

  /** A panicking guest reboots at once, so the monitor sees it instead of a guest that hangs. */
  PANIC_REBOOTS("panic=-1"),

  /**
   * No mouse port. These three matter to kernels built without PNP only: with PNP the driver finds
   * no controller in ACPI and leaves at once. {@code i8042.nopnp} is not passed on purpose: it
   * would make the driver probe the ports instead.
   */
  I8042_NO_AUX("i8042.noaux"),

  /** No multiplexed mouse ports: that probe is a row of commands with time-outs. */
  I8042_NO_MUX("i8042.nomux"),

  /** A keyboard that is only read from: no commands, no time-outs waiting for their answer. */
  I8042_DUMB_KEYBOARD("i8042.dumbkbd"),

  /** No PCI bus: skips probing the configuration ports. */
  NO_PCI("pci=off"),

  /** The pool counts RDRAND as entropy, so nothing early waits for it; a seed is passed as well. */
  TRUST_CPU_RANDOM("random.trust_cpu=on"),

  /**
   * No watchdog over the TSC: after a restore it would compare intervals across the gap, call the
   * TSC unstable and stay on a slower clock; it also skips the TSC sync test of every further vCPU.
   */
  TSC_RELIABLE("tsc=reliable"),

  /** Guests with RAM above 4 GiB would set 64 MiB aside for DMA of 32-bit devices; none here. */
  NO_SWIOTLB("swiotlb=noforce"),

  /**
   * Grace periods by interrupt instead of by waiting for the next ticks: mounts, cgroups and
   * namespaces, which every command of a lease makes, otherwise wait milliseconds each.
   */
  RCU_EXPEDITED("rcupdate.rcu_expedited=1");

  private final String text;

  DefaultKernelArgument(String text) {
    this.text = text;
  }

  /**
   * @return the argument
   */
  public String text() {
    return text;
  }
}
