package dev.rekindle.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class I8042Test {
  private final AtomicInteger resets = new AtomicInteger();
  private final I8042 controller = new I8042(resets::incrementAndGet);

  private void write(int offset, int value) {
    controller.write(offset, MemorySegment.ofArray(new byte[] {(byte) value}));
  }

  private int read(int offset) {
    byte[] data = {(byte) 0xEE};
    controller.read(offset, MemorySegment.ofArray(data));
    return data[0] & 0xFF;
  }

  private int command(int command) {
    write(4, command);
    assertThat(read(4) & 1).as("an answer is there at once").isOne();
    return read(0);
  }

  @Test
  void shouldResetTheMachine() {
    write(4, 0xFE);

    assertThat(resets).hasValue(1);
  }

  @Test
  void shouldResetThroughTheOutputPort() {
    write(4, 0xD1);
    write(0, 0x02);

    assertThat(resets).hasValue(1);
  }

  @Test
  void shouldNotResetForOtherWrites() {
    for (int value : new int[] {0xFF, 0xFD, 0x20, 0xD1}) {
      write(4, value);
    }
    write(0, 0x03);
    write(0, 0xFE);

    assertThat(resets).hasValue(0);
  }

  @Test
  void shouldPassTheSelfTestAndHaveNoMouse() {
    assertThat(command(0xAA)).isEqualTo(0x55);
    assertThat(command(0xAB)).isZero();
    assertThat(command(0xA9)).as("clock line stuck").isOne();
    assertThat(read(4) & 1).isZero();
  }

  @Test
  void shouldKeepItsControlByte() {
    write(4, 0x60);
    write(0, 0x45);

    assertThat(command(0x20)).isEqualTo(0x45);
    controller.reset();
    assertThat(command(0x20)).isEqualTo(0x34);
  }

  @Test
  void shouldNeverHaveAFullInputBuffer() {
    write(0, 0xED);

    assertThat(read(4) & 2).isZero();
    assertThat(read(1)).isZero();
  }
}
