package dev.rekindle.vmm.bus;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * Sleep control and status registers of a hardware-reduced ACPI machine (ACPI 6.5, 4.8.3.7), a byte
 * each, next to one another: map it with a window of two. A guest powers off by writing the sleep
 * type that its DSDT gives for S5 together with the enable bit; nothing else has an effect. Without
 * it {@code poweroff} in a guest would end in a halted processor that never exits.
 */
public final class AcpiSleepControl implements BusDevice {
  /** SLP_TYP of S5, "soft off", as the DSDT has it. */
  public static final int SLEEP_TYPE_S5 = 5;

  private static final long CONTROL = 0;
  private static final int SLP_TYP_SHIFT = 2;
  private static final int SLP_TYP_MASK = 7;
  private static final int SLP_EN = 1 << 5;

  private final Runnable onPowerOff;

  /**
   * @param onPowerOff called on the vCPU's thread when the guest turns itself off
   */
  public AcpiSleepControl(Runnable onPowerOff) {
    this.onPowerOff = onPowerOff;
  }

  @Override
  public void read(long offset, MemorySegment data) {
    data.fill((byte) 0);
  }

  @Override
  public void write(long offset, MemorySegment data) {
    int value = data.get(JAVA_BYTE, 0);
    int type = value >>> SLP_TYP_SHIFT & SLP_TYP_MASK;
    if (offset == CONTROL && (value & SLP_EN) != 0 && type == SLEEP_TYPE_S5) {
      onPowerOff.run();
    }
  }
}
