package dev.rekindle.vmm.bus;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AddressSpaceTest {
  private final List<String> log = new ArrayList<>();
  private final MmioBus bus = new MmioBus();

  private BusDevice device(String name) {
    return new BusDevice() {
      @Override
      public void read(long offset, MemorySegment data) {
        log.add(name + " read " + offset);
      }

      @Override
      public void write(long offset, MemorySegment data) {
        log.add(name + " write " + offset);
      }
    };
  }

  private static MemorySegment bytes(int count) {
    return MemorySegment.ofArray(new byte[count]);
  }

  @Test
  void shouldFindTheDeviceAndItsOffset() {
    bus.map(0x1000, 0x10, device("a"));
    bus.map(0x1010, 0x10, device("b"));

    assertThat(bus.read(0x100F, bytes(1))).isTrue();
    assertThat(bus.write(0x1010, bytes(4))).isTrue();

    assertThat(log).containsExactly("a read 15", "b write 0");
  }

  @Test
  void shouldFindNobodyOutsideOrAcrossAnEnd() {
    bus.map(0x1000, 0x10, device("a"));

    assertThat(bus.read(0xFFF, bytes(1))).isFalse();
    assertThat(bus.read(0x1010, bytes(1))).isFalse();
    assertThat(bus.read(0x100E, bytes(4))).isFalse();
    assertThat(bus.write(-1, bytes(8))).isFalse();
    assertThat(log).isEmpty();
  }

  @Test
  void shouldRefuseAnOverlap() {
    bus.map(0x1000, 0x10, device("a"));

    assertThatThrownBy(() -> bus.map(0x100F, 1, device("b")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("0x100f");
  }
}
