package dev.rekindle.vmm.arch.x86;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.memory.GuestMemory;
import java.lang.foreign.Arena;
import org.junit.jupiter.api.Test;

class GdtTest {
  @Test
  void shouldEncodeTheDescriptorsThatEveryBootLoaderWrites() {
    assertThat(Gdt.descriptor(Gdt.LONG_MODE.code())).isEqualTo(0x00AF_9B00_0000_FFFFL);
    assertThat(Gdt.descriptor(Gdt.PROTECTED_MODE.code())).isEqualTo(0x00CF_9B00_0000_FFFFL);
    assertThat(Gdt.descriptor(Gdt.LONG_MODE.data())).isEqualTo(0x00CF_9300_0000_FFFFL);
    assertThat(Gdt.descriptor(Gdt.LONG_MODE.tss())).isEqualTo(0x0000_8B00_0000_0067L);
  }

  @Test
  void shouldSpreadTheBaseOverADescriptor() {
    SegmentState segment = new SegmentState(0x1234_5678, 0x67, 0x20, 0xB, 1, 0, 0, 0, 0, 0);

    assertThat(Gdt.descriptor(segment)).isEqualTo(0x1200_8B34_5678_0067L);
  }

  @Test
  void shouldWriteEachDescriptorAtItsSelector() {
    try (Arena arena = Arena.ofConfined()) {
      GuestMemory memory = GuestMemory.allocate(4096, arena);
      memory.slice(0, 4096).fill((byte) -1);

      Gdt.LONG_MODE.write(memory, 0x500);

      assertThat(memory.getLong(0x500)).isZero();
      assertThat(memory.getLong(0x510)).isEqualTo(0x00AF_9B00_0000_FFFFL);
      assertThat(memory.getLong(0x518)).isEqualTo(0x00CF_9300_0000_FFFFL);
      assertThat(memory.getLong(0x520)).isEqualTo(0x0000_8B00_0000_0067L);
      assertThat(memory.getLong(0x528)).as("upper half of the TSS descriptor").isZero();
      assertThat(memory.getLong(0x500 + Gdt.LONG_MODE.limit() + 1)).isEqualTo(-1);
    }
  }

  @Test
  void shouldMapTheFirst4GiBOntoThemselves() {
    try (Arena arena = Arena.ofConfined()) {
      GuestMemory memory = GuestMemory.allocate(0x10000, arena);

      long cr3 = IdentityPageTables.write(memory, 0x9000);

      for (long address :
          new long[] {0, 0x7000, 0x10_0200, 0x3FFF_FFFF, 0xBFFF_F123L, 0xFFFF_FFFFL}) {
        assertThat(walk(memory, cr3, address)).isEqualTo(address);
      }
      assertThat(memory.getLong(cr3 + 8)).as("512 GiB").isZero();
      assertThat(memory.getLong(cr3 + 4096 + 4 * 8)).as("4 GiB").isZero();
    }
  }

  /** What the processor does with 4-level tables and 2 MiB pages. */
  private static long walk(GuestMemory memory, long cr3, long address) {
    long pml4e = memory.getLong(cr3 + (address >>> 39 & 511) * 8);
    assertThat(pml4e & 3).isEqualTo(3);
    long pdpte = memory.getLong((pml4e & ~0xFFFL) + (address >>> 30 & 511) * 8);
    assertThat(pdpte & 0x83).isEqualTo(3);
    long pde = memory.getLong((pdpte & ~0xFFFL) + (address >>> 21 & 511) * 8);
    assertThat(pde & 0x83).isEqualTo(0x83);
    return (pde & ~0x1F_FFFFL) + (address & 0x1F_FFFF);
  }
}
