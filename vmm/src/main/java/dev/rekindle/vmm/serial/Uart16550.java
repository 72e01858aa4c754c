package dev.rekindle.vmm.serial;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.rekindle.vmm.bus.BusDevice;
import dev.rekindle.vmm.bus.IrqLine;
import java.lang.foreign.MemorySegment;

/**
 * A 16550A UART (National Semiconductor PC16550D data sheet; what Linux's 8250 driver probes for).
 * Transmission takes no time: the holding register is always empty, and enabling its interrupt, or
 * writing with it enabled, is itself the event. The interrupt line gets an edge when a condition
 * begins, not for every byte while it lasts: each edge costs a system call.
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

  private static final int IER_RDI = 0x01;
  private static final int IER_THRI = 0x02;
  private static final int IIR_NONE = 0x01;
  private static final int IIR_THRI = 0x02;
  private static final int IIR_RDI = 0x04;
  private static final int IIR_FIFO_ENABLED = 0xC0;
  private static final int FCR_ENABLE = 0x01;
  private static final int FCR_CLEAR_RECEIVE = 0x02;
  private static final int LCR_DLAB = 0x80;
  private static final int MCR_LOOP = 0x10;
  private static final int LSR_EMPTY = 0x60;
  private static final int LSR_DATA_READY = 0x01;

  /** Carrier, data set ready, clear to send. */
  private static final int MSR_CONNECTED = 0xB0;

  private static final int RECEIVE_BYTES = 64;
  private static final byte[] PRISTINE = {0, 0, 0x03, 0, 0, 0x0C, 0, 0};

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
  private boolean lineHigh;
  private final byte[] received = new byte[RECEIVE_BYTES];
  private int receivedAt;
  private int receivedCount;

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
    updateLine();
  }

  private int register(int offset) {
    boolean latch = (lcr & LCR_DLAB) != 0;
    return switch (offset) {
      case DATA -> latch ? divisor & 0xFF : take();
      case IER -> latch ? divisor >> 8 : ier;
      case IIR_FCR -> identify();
      case LCR -> lcr;
      case MCR -> mcr;
      case LSR -> LSR_EMPTY | (receivedCount > 0 ? LSR_DATA_READY : 0);
      case MSR -> modemStatus();
      case SCR -> scr;
      default -> 0;
    };
  }

  private int take() {
    if (receivedCount == 0) {
      return 0;
    }
    int value = Byte.toUnsignedInt(received[receivedAt]);
    receivedAt = (receivedAt + 1) % RECEIVE_BYTES;
    receivedCount--;
    return value;
  }

  private boolean put(byte value) {
    if (receivedCount == RECEIVE_BYTES) {
      return false;
    }
    received[(receivedAt + receivedCount++) % RECEIVE_BYTES] = value;
    return true;
  }

  /**
   * Feeds the guest's input.
   *
   * @param bytes what was typed
   * @return how many of them fitted; the rest is for later
   */
  public synchronized int input(byte[] bytes) {
    int taken = 0;
    while (taken < bytes.length && put(bytes[taken])) {
      taken++;
    }
    updateLine();
    return taken;
  }

  private int pending() {
    if ((ier & IER_RDI) != 0 && receivedCount > 0) {
      return IIR_RDI;
    }
    return (ier & IER_THRI) != 0 && transmitPending ? IIR_THRI : IIR_NONE;
  }

  private int identify() {
    int cause = pending();
    if (cause == IIR_THRI) {
      // Reading the cause is what clears this one.
      transmitPending = false;
    }
    return cause | ((fcr & FCR_ENABLE) != 0 ? IIR_FIFO_ENABLED : 0);
  }

  private void updateLine() {
    boolean high = pending() != IIR_NONE;
    boolean edge = high && !lineHigh;
    lineHigh = high;
    if (edge) {
      irq.raise();
    }
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
      case IIR_FCR -> {
        fcr = value & FCR_ENABLE;
        if ((value & FCR_CLEAR_RECEIVE) != 0) {
          receivedCount = 0;
        }
      }
      case LCR -> lcr = value;
      case MCR -> mcr = value & 0x1F;
      case SCR -> scr = value;
      default -> {
        // LSR and MSR are read-only.
      }
    }
    updateLine();
  }

  private void transmit(int value) {
    if ((mcr & MCR_LOOP) != 0) {
      put((byte) value);
    } else {
      console.append((byte) value);
    }
    transmitPending = true;
  }

  private void enableInterrupts(int value) {
    transmitPending |= (value & ~ier & IER_THRI) != 0;
    ier = value;
  }

  /** Back to how it was built. */
  public void reset() {
    restore(PRISTINE);
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
   * Sets the registers; input not yet read is lost. An interrupt that was pending is raised again:
   * its edge may have been lost between capture and restore.
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
    receivedCount = 0;
    lineHigh = false;
    updateLine();
  }
}
