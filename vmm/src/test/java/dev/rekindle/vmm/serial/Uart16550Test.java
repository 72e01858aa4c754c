package dev.rekindle.vmm.serial;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** What Linux's 8250 driver does to find out what it has, and then to use it. */
class Uart16550Test {
  private final AtomicInteger edges = new AtomicInteger();
  private final ConsoleTail console = new ConsoleTail();
  private final Uart16550 uart = new Uart16550(edges::incrementAndGet, console);

  private void write(int register, int value) {
    uart.write(register, MemorySegment.ofArray(new byte[] {(byte) value}));
  }

  private int read(int register) {
    byte[] data = new byte[1];
    uart.read(register, MemorySegment.ofArray(data));
    return data[0] & 0xFF;
  }

  @Test
  void shouldBeFoundAsA16550A() {
    write(1, 0);
    assertThat(read(1)).isZero();
    write(1, 0xFF);
    assertThat(read(1)).as("no more than four interrupts").isEqualTo(0x0F);
    write(1, 0);
    write(4, 0x1A);
    assertThat(read(6) & 0xF0).as("loopback").isEqualTo(0x90);
    write(4, 0);
    write(2, 1);
    assertThat(read(2) >> 6).as("working FIFOs").isEqualTo(3);
    write(7, 0x5A);
    assertThat(read(7)).isEqualTo(0x5A);
  }

  @Test
  void shouldPassTheDriversTestsOfTheTransmitterInterrupt() {
    write(1, 0x02);
    assertThat(read(2) & 0x0F).isEqualTo(0x02);
    write(1, 0);
    write(1, 0x02);

    assertThat(read(2) & 0x0F).as("enabled again, told again").isEqualTo(0x02);
    assertThat(read(2) & 0x0F).as("reading it cleared it").isEqualTo(0x01);
    assertThat(edges).hasValue(2);
  }

  @Test
  void shouldTellThatTheTransmitterIsAlwaysEmpty() {
    write(0, 'x');

    assertThat(read(5)).isEqualTo(0x60);
    assertThat(console.text()).isEqualTo("x");
  }

  @Test
  void shouldSendOneEdgeForABurst() {
    write(1, 0x02);
    read(2);
    edges.set(0);

    for (int i = 0; i < 16; i++) {
      write(0, 'a');
    }

    assertThat(edges).hasValue(1);
    assertThat(read(2) & 0x0F).isEqualTo(0x02);
    write(0, 'b');
    assertThat(edges).hasValue(2);
  }

  @Test
  void shouldKeepTheDivisorApartFromDataAndInterrupts() {
    write(1, 0x05);
    write(3, 0x83);
    write(0, 0x34);
    write(1, 0x12);

    assertThat(read(0)).isEqualTo(0x34);
    assertThat(read(1)).isEqualTo(0x12);
    write(3, 0x03);
    assertThat(read(1)).isEqualTo(0x05);
    assertThat(console.totalBytes()).isZero();
  }

  @Test
  void shouldLoopDataBack() {
    write(4, 0x10);
    write(0, 'q');

    assertThat(read(5) & 1).isOne();
    assertThat(read(0)).isEqualTo('q');
    assertThat(read(5) & 1).isZero();
    assertThat(console.totalBytes()).isZero();
  }

  @Test
  void shouldTakeInputUpToItsFifo() {
    write(1, 0x01);

    assertThat(uart.input(new byte[100])).isEqualTo(64);

    assertThat(edges).hasValue(1);
    assertThat(read(2) & 0x0F).isEqualTo(0x04);
    write(2, 0x03);
    assertThat(read(5) & 1).as("cleared").isZero();
    assertThat(uart.input(new byte[] {'k'})).isEqualTo(1);
    assertThat(read(0)).isEqualTo('k');
  }

  @Test
  void shouldRaiseAPendingInterruptAgainWhenRestored() {
    write(1, 0x02);
    byte[] state = uart.capture();
    AtomicInteger again = new AtomicInteger();
    Uart16550 other = new Uart16550(again::incrementAndGet, new ConsoleTail());

    other.restore(state);

    assertThat(again).hasValue(1);
    assertThat(other.capture()).isEqualTo(state);
  }

  @Test
  void shouldBeAsBuiltAfterAReset() {
    byte[] pristine = uart.capture();
    for (int i = 1; i < 8; i++) {
      write(i, 0xFF);
    }

    uart.reset();

    assertThat(uart.capture()).isEqualTo(pristine);
  }

  @Test
  void shouldRefuseAStateOfAnotherSize() {
    assertThatThrownBy(() -> uart.restore(new byte[7]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("8 bytes, got 7");
  }

  @Test
  void shouldKeepTheTailOfTheConsole() {
    for (int i = 0; i < ConsoleTail.CAPACITY; i++) {
      console.append((byte) '.');
    }
    for (byte b : "panic".getBytes()) {
      console.append(b);
    }

    assertThat(console.text()).hasSize(ConsoleTail.CAPACITY).endsWith(".panic");
    assertThat(console.text(5)).isEqualTo("panic");
    assertThat(console.totalBytes()).isEqualTo(ConsoleTail.CAPACITY + 5L);
    console.clear();
    assertThat(console.text()).isEmpty();
  }
}
