package dev.rekindle.vmm.bus;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class AcpiSleepControlTest {
  private int powerOffs;
  private final AcpiSleepControl device = new AcpiSleepControl(() -> powerOffs++);

  @Test
  void shouldPowerOffWhenEnabledWithTheTypeOfS5() {
    write(0, 5 << 2 | 1 << 5);

    assertThat(powerOffs).isEqualTo(1);
  }

  @Test
  void shouldIgnoreEveryOtherWrite() {
    for (int value = 0; value < 256; value++) {
      if ((value & 0x3C) != (5 << 2 | 1 << 5)) {
        write(0, value);
      }
      write(1, value);
    }

    assertThat(powerOffs).isZero();
  }

  @Test
  void shouldReadAsZero() {
    MemorySegment data = MemorySegment.ofArray(new byte[] {-1, -1});

    device.read(0, data);

    assertThat(data.toArray(JAVA_BYTE)).containsOnly(0);
  }

  private void write(long offset, int value) {
    device.write(offset, MemorySegment.ofArray(new byte[] {(byte) value}));
  }
}
