package dev.rekindle.fuzz.targets;

import dev.rekindle.fuzz.ByteScript;
import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.vmm.bus.AcpiSleepControl;
import dev.rekindle.vmm.bus.I8042;
import dev.rekindle.vmm.bus.MmioBus;
import dev.rekindle.vmm.bus.PioBus;
import dev.rekindle.vmm.serial.ConsoleTail;
import dev.rekindle.vmm.serial.Uart16550;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Any access to the ports and windows of the devices that are not virtio, of any width. */
public final class BusTarget implements FuzzTarget {
  private static final long UART = 0x3F8;
  private static final long KEYBOARD = 0x60;
  private static final long SLEEP = 0x600;
  private static final long WINDOW = 0xD000_0000L;

  /** Ready. */
  public BusTarget() {}

  @Override
  public String name() {
    return "bus";
  }

  @Override
  public void run(byte[] input) {
    ConsoleTail console = new ConsoleTail();
    Uart16550 uart = new Uart16550(() -> {}, console);
    I8042 keyboard = new I8042(() -> {});
    PioBus ports = new PioBus();
    ports.map(UART, 8, uart);
    ports.map(KEYBOARD, I8042.PORTS, keyboard);
    ports.map(SLEEP, 2, new AcpiSleepControl(() -> {}));
    MmioBus windows = new MmioBus();
    windows.map(WINDOW, 8, uart);
    ByteScript script = new ByteScript(input);
    while (script.hasNext()) {
      int what = script.u8();
      int width = 1 << (what >> 4 & 3);
      long near = script.u8();
      long address =
          switch (what & 7) {
            case 0, 1 -> UART + (near & 15) - 1;
            case 2 -> KEYBOARD + (near & 15) - 1;
            case 3 -> SLEEP + (near & 3) - 1;
            case 4 -> script.u16();
            case 5 -> script.i64();
            default -> near;
          };
      if ((what & 7) == 6) {
        uart.input(script.bytes((int) near));
      } else if ((what & 7) == 7) {
        reload(uart, script.bytes(Uart16550.STATE_BYTES));
      } else if ((what & 8) != 0) {
        byte[] data = Arrays.copyOf(script.bytes(width), width);
        ports.write(address, MemorySegment.ofArray(data));
        windows.write(WINDOW + (address & 15), MemorySegment.ofArray(data));
      } else {
        ports.read(address, MemorySegment.ofArray(new byte[width]));
        windows.read(WINDOW + (address & 15), MemorySegment.ofArray(new byte[width]));
      }
    }
    console.text();
  }

  private static void reload(Uart16550 uart, byte[] state) {
    uart.restore(Arrays.copyOf(state, Uart16550.STATE_BYTES));
    byte[] captured = uart.capture();
    uart.restore(captured);
    if (!Arrays.equals(captured, uart.capture())) {
      throw new AssertionError("a captured UART is not what it was");
    }
  }

  @Override
  public List<byte[]> seeds() {
    return List.of(
        // Divisor latch, line control, interrupts on, a letter, the cause.
        new byte[] {8, 4, (byte) 0x80, 8, 1, 12, 8, 4, 3, 8, 2, 3, 8, 1, 65, 0, 3, 0, 6},
        // Keyboard self test, its answer, control byte, reset.
        new byte[] {10, 5, (byte) 0xAA, 2, 1, 10, 5, 0x60, 10, 1, 0x30, 10, 5, (byte) 0xFE},
        new byte[] {11, 1, 0x34, 6, 3, 97, 98, 99, 0, 1, 7, 0, 1, 2, 3, 4, 5, 6, 7, 8, 4, 0, 1, 2});
  }
}
