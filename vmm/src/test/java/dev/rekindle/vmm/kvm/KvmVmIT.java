package dev.rekindle.vmm.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.abi.kvm.KvmIrqchip;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("kvm")
@Timeout(60)
class KvmVmIT {
  /** {@code irr} of {@code struct kvm_pic_state}, behind {@code last_irr}. */
  private static final long IRR = KvmIrqchip.CHIP_ID + 8 + 1;

  @Test
  void shouldHaveAnInterruptInTheChipsWhenTheEdgeIsRaised() {
    try (Kvm kvm = Kvm.open()) {
      for (int round = 0; round < 20; round++) {
        try (KvmVm vm = kvm.createVm()) {
          vm.createIrqchip();

          vm.raiseEdge(5);

          assertThat(requests(vm, KvmIrqchip.PIC_MASTER)).isEqualTo(1 << 5);
          assertThat(requests(vm, KvmIrqchip.PIC_SLAVE)).isZero();
        }
      }
    }
  }

  private static int requests(KvmVm vm, int chip) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(KvmIrqchip.LAYOUT);
      state.set(JAVA_INT, KvmIrqchip.CHIP_ID, chip);
      vm.getIrqchip(state);
      return Byte.toUnsignedInt(state.get(JAVA_BYTE, IRR));
    }
  }
}
