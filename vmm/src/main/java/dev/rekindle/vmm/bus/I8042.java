package dev.rekindle.vmm.bus;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * The keyboard controller, as far as a guest needs it: the reset line. Linux reboots by writing
 * 0xFE to the command port. Reads answer "nothing in the buffers", so that a probe does not wait.
 *
 * <p>One instance serves both ports (0x60 and 0x64); map it with a window of five bytes.
 */
public final class I8042 implements BusDevice {
  private static final long COMMAND = 4;
  private static final byte RESET_CPU = (byte) 0xFE;

  private final Runnable onReset;

  /**
   * @param onReset called on the vCPU's thread when the guest asks for a reset
   */
  public I8042(Runnable onReset) {
    this.onReset = onReset;
  }

  @Override
  public void read(long offset, MemorySegment data) {
    data.fill((byte) 0);
  }

  @Override
  public void write(long offset, MemorySegment data) {
    if (offset == COMMAND && data.get(JAVA_BYTE, 0) == RESET_CPU) {
      onReset.run();
    }
  }
}
