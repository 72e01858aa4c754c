package dev.rekindle.vmm.bus;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/**
 * The PC keyboard controller with no keyboard and no mouse: what a guest needs to reset the machine
 * and to find at once that nothing is plugged in. Map it at port 0x60, {@link #PORTS} ports.
 * Commands as in the Linux driver's {@code drivers/input/serio/i8042.h}. Thread: any.
 */
public final class I8042 implements BusDevice {
  /** Ports 0x60 (data) to 0x64 (command and status); those between read as zero. */
  public static final int PORTS = 5;

  private static final int DATA = 0;
  private static final int COMMAND = 4;

  private static final int STATUS_OUTPUT_FULL = 0x01;
  private static final int STATUS_SYSTEM = 0x04;
  private static final int STATUS_COMMAND = 0x08;
  private static final int STATUS_KEYLOCK_OFF = 0x10;

  private static final int CONTROL_SYSTEM = 0x04;
  private static final int CONTROL_KEYBOARD_OFF = 0x10;
  private static final int CONTROL_AUX_OFF = 0x20;
  private static final int PRISTINE_CONTROL =
      CONTROL_SYSTEM | CONTROL_KEYBOARD_OFF | CONTROL_AUX_OFF;

  private static final int READ_CONTROL = 0x20;
  private static final int WRITE_CONTROL = 0x60;
  private static final int AUX_DISABLE = 0xA7;
  private static final int AUX_ENABLE = 0xA8;
  private static final int AUX_TEST = 0xA9;
  private static final int SELF_TEST = 0xAA;
  private static final int KEYBOARD_TEST = 0xAB;
  private static final int KEYBOARD_DISABLE = 0xAD;
  private static final int KEYBOARD_ENABLE = 0xAE;
  private static final int READ_OUTPUT_PORT = 0xD0;
  private static final int WRITE_OUTPUT_PORT = 0xD1;
  private static final int KEYBOARD_LOOP = 0xD2;
  private static final int AUX_LOOP = 0xD3;
  private static final int RESET = 0xFE;

  /** Output port: bit 0 is the processor's reset line, low is reset; bit 1 the A20 gate. */
  private static final int OUTPUT_PORT = 0x03;

  private static final int SELF_TEST_PASSED = 0x55;
  private static final int NO_AUX_CLOCK_STUCK = 0x01;
  private static final int NOTHING = -1;

  private final Runnable onReset;
  private int control = PRISTINE_CONTROL;
  private int output = NOTHING;
  private int pendingCommand = NOTHING;
  private boolean lastWasCommand;

  /**
   * @param onReset the guest asked for a reset; called on the vCPU's thread, must not block
   */
  public I8042(Runnable onReset) {
    this.onReset = onReset;
  }

  @Override
  public synchronized void read(long offset, MemorySegment data) {
    int value = 0;
    if (offset == DATA) {
      value = output == NOTHING ? 0 : output;
      output = NOTHING;
    } else if (offset == COMMAND) {
      value =
          STATUS_SYSTEM
              | STATUS_KEYLOCK_OFF
              | (output == NOTHING ? 0 : STATUS_OUTPUT_FULL)
              | (lastWasCommand ? STATUS_COMMAND : 0);
    }
    data.fill((byte) 0);
    data.set(JAVA_BYTE, 0, (byte) value);
  }

  @Override
  public void write(long offset, MemorySegment data) {
    int value = Byte.toUnsignedInt(data.get(JAVA_BYTE, 0));
    boolean reset;
    synchronized (this) {
      reset = offset == COMMAND ? command(value) : offset == DATA && data(value);
    }
    if (reset) {
      onReset.run();
    }
  }

  private boolean command(int command) {
    lastWasCommand = true;
    pendingCommand = NOTHING;
    switch (command) {
      case READ_CONTROL -> output = control;
      case AUX_DISABLE -> control |= CONTROL_AUX_OFF;
      case AUX_ENABLE -> control &= ~CONTROL_AUX_OFF;
      case AUX_TEST -> output = NO_AUX_CLOCK_STUCK;
      case SELF_TEST -> output = SELF_TEST_PASSED;
      case KEYBOARD_TEST -> output = 0;
      case KEYBOARD_DISABLE -> control |= CONTROL_KEYBOARD_OFF;
      case KEYBOARD_ENABLE -> control &= ~CONTROL_KEYBOARD_OFF;
      case READ_OUTPUT_PORT -> output = OUTPUT_PORT;
      case WRITE_CONTROL, WRITE_OUTPUT_PORT, KEYBOARD_LOOP, AUX_LOOP -> pendingCommand = command;
      case RESET -> {
        return true;
      }
      default -> {
        // The 0xF0 family pulses output lines; bit 0 clear means the reset line among them.
        return command >= 0xF0 && (command & 1) == 0;
      }
    }
    return false;
  }

  private boolean data(int value) {
    lastWasCommand = false;
    int command = pendingCommand;
    pendingCommand = NOTHING;
    switch (command) {
      case WRITE_CONTROL -> control = value;
      case WRITE_OUTPUT_PORT -> {
        return (value & 1) == 0;
      }
      // Answered at once, but not as coming from a mouse: so Linux concludes there is none.
      case KEYBOARD_LOOP, AUX_LOOP -> output = value;
      default -> {
        // For a keyboard that is not there.
      }
    }
    return false;
  }

  /**
   * Back to how it was built. A snapshot does not keep the state: between the two halves of a
   * command is the only time it matters.
   */
  public synchronized void reset() {
    control = PRISTINE_CONTROL;
    output = NOTHING;
    pendingCommand = NOTHING;
    lastWasCommand = false;
  }
}
