package dev.rekindle.vmm.serial;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.bus.IrqLine;
import java.lang.foreign.MemorySegment;

/**
 * An output-only 16550A UART (National Semiconductor PC16550D data sheet; what Linux's 8250 driver
 * probes for). Transmission takes no time: the holding register is always empty, and enabling its
 * interrupt, or writing with it enabled, raises one at once.
 *
 * <p>Thread: any; every register access holds the instance's monitor.
 */
public final class Uart16550 implements BusDevice {
  /** Bytes of {@link #capture}. */
  public static final int STATE_BYTES = 8;

  private static final int DATA = 0;
  private static final int IER = 1;
  private static final int IIR_FCR = 2;
  private static final int LCR = 3;
  private static final int MCR = 4;
  private static final int LSR = 5;
  private static final int MSR = 6;
  private static final int SCR = 7;

  private static final int IER_THRI = 0x02;
  private static final int IIR_NONE = 0x01;
  private static final int IIR_THRI = 0x02;
  private static final int IIR_FIFO_ENABLED = 0xC0;
  private static final int FCR_ENABLE = 0x01;
  private static final int LCR_DLAB = 0x80;
  private static final int MCR_LOOP = 0x10;
  private static final int LSR_EMPTY = 0x60;
  private static final int LSR_DATA_READY = 0x01;

  /** Carrier, data set ready, clear to send. */
  private static final int MSR_CONNECTED = 0xB0;

  private final IrqLine irq;
  private final ConsoleTail console;

  // All guarded by this.
  private int ier;
  private int fcr;
  private int lcr = 0x03;
  private int mcr;
  private int scr;
  private int divisor = 0x0C;
  private boolean transmitPending;
  private int looped = -1;

  /**
   * @param irq raised when the guest may write more
   * @param console gets every byte
   */
  public Uart16550(IrqLine irq, ConsoleTail console) {
    this.irq = irq;
    this.console = console;
  }

  @Override
  public synchronized void read(long offset, MemorySegment data) {
    data.fill((byte) 0);
    data.set(JAVA_BYTE, 0, (byte) register((int) offset));
  }

  private int register(int offset) {
    boolean latch = (lcr & LCR_DLAB) != 0;
    return switch (offset) {
      case DATA -> latch ? divisor & 0xFF : takeLooped();
      case IER -> latch ? divisor >> 8 : ier;
      case IIR_FCR -> identify();
      case LCR -> lcr;
      case MCR -> mcr;
      case LSR -> LSR_EMPTY | (looped >= 0 ? LSR_DATA_READY : 0);
      case MSR -> modemStatus();
      case SCR -> scr;
      default -> 0;
    };
  }

  private int takeLooped() {
    int value = Math.max(looped, 0);
    looped = -1;
    return value;
  }

  private int identify() {
    int fifo = (fcr & FCR_ENABLE) != 0 ? IIR_FIFO_ENABLED : 0;
    if (transmitPending && (ier & IER_THRI) != 0) {
      transmitPending = false;
      return IIR_THRI | fifo;
    }
    return IIR_NONE | fifo;
  }

  /** In loopback the modem's outputs appear as its inputs, which is how drivers tell a UART. */
  private int modemStatus() {
    if ((mcr & MCR_LOOP) == 0) {
      return MSR_CONNECTED;
    }
    return (mcr & 0x01) << 5 | (mcr & 0x02) << 3 | (mcr & 0x04) << 4 | (mcr & 0x08) << 4;
  }

  @Override
  public synchronized void write(long offset, MemorySegment data) {
    int value = Byte.toUnsignedInt(data.get(JAVA_BYTE, 0));
    boolean latch = (lcr & LCR_DLAB) != 0;
    switch ((int) offset) {
      case DATA -> {
        if (latch) {
          divisor = divisor & 0xFF00 | value;
        } else {
          transmit(value);
        }
      }
      case IER -> {
        if (latch) {
          divisor = divisor & 0xFF | value << 8;
        } else {
          enableInterrupts(value & 0x0F);
        }
      }
      case IIR_FCR -> fcr = value & FCR_ENABLE;
      case LCR -> lcr = value;
      case MCR -> mcr = value & 0x1F;
      case SCR -> scr = value;
      default -> {
        // LSR and MSR are read-only.
      }
    }
  }

  private void transmit(int value) {
    if ((mcr & MCR_LOOP) != 0) {
      looped = value;
      return;
    }
    console.append((byte) value);
    transmitPending = true;
    if ((ier & IER_THRI) != 0) {
      irq.raise();
    }
  }

  private void enableInterrupts(int value) {
    boolean newly = (value & ~ier & IER_THRI) != 0;
    ier = value;
    if (newly) {
      transmitPending = true;
      irq.raise();
    }
  }

  /**
   * The registers, for a snapshot.
   *
   * @return {@link #STATE_BYTES} bytes: IER, FCR, LCR, MCR, SCR, divisor low and high, pending
   */
  public synchronized byte[] capture() {
    return new byte[] {
      (byte) ier,
      (byte) fcr,
      (byte) lcr,
      (byte) mcr,
      (byte) scr,
      (byte) divisor,
      (byte) (divisor >> 8),
      (byte) (transmitPending ? 1 : 0)
    };
  }

  /**
   * Sets the registers.
   *
   * @param state as {@link #capture} gave it; only meaningful bits are taken
   */
  public synchronized void restore(byte[] state) {
    if (state.length != STATE_BYTES) {
      throw new IllegalArgumentException(
          "uart state must have " + STATE_BYTES + " bytes, got " + state.length);
    }
    ier = state[0] & 0x0F;
    fcr = state[1] & FCR_ENABLE;
    lcr = state[2] & 0xFF;
    mcr = state[3] & 0x1F;
    scr = state[4] & 0xFF;
    divisor = state[5] & 0xFF | (state[6] & 0xFF) << 8;
    transmitPending = state[7] != 0;
    looped = -1;
  }
}
