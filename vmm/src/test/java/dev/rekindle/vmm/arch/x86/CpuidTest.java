package dev.rekindle.vmm.arch.x86;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CpuidTest {
  private static final int ALL = 0xFFFF_FFFF;

  @Test
  void shouldNumberEachProcessorInLeaf1() {
    for (int i = 0; i < 3; i++) {
      CpuidEntry leaf = leaf(Cpuid.forVcpu(intel(), i, 3), 1, 0);

      assertThat(leaf.ebx() >>> 24).isEqualTo(i);
      assertThat(leaf.ebx() >>> 16 & 0xFF).as("a power of two").isEqualTo(4);
      assertThat(leaf.ebx() & 0xFF00).as("CLFLUSH as the host's").isEqualTo(0x0800);
      assertThat(leaf.edx() & 1 << 28).as("HTT").isNotZero();
    }
    assertThat(leaf(Cpuid.forVcpu(intel(), 0, 1), 1, 0).edx() & 1 << 28).isZero();
  }

  @Test
  void shouldOfferWhatReplacesThePit() {
    List<CpuidEntry> table = Cpuid.forVcpu(intel(), 0, 1);

    assertThat(leaf(table, 1, 0).ecx() & 1 << 24).as("TSC deadline").isNotZero();
    assertThat(leaf(table, 6, 0).eax()).as("ARAT").isEqualTo(4);
    assertThat(leaf(table, 1, 0).ecx() & 1 << 31).as("hypervisor").isNotZero();
  }

  @Test
  void shouldKeepKvmsOwnLeavesButForAsynchronousPageFaults() {
    List<CpuidEntry> table = Cpuid.forVcpu(intel(), 0, 1);

    CpuidEntry signature = leaf(table, 0x4000_0000, 0);
    assertThat(signature.eax()).isEqualTo(0x4000_0001);
    assertThat(signature.ebx()).isEqualTo(0x4B4D_564B);
    assertThat(leaf(table, 0x4000_0001, 0).eax()).isEqualTo(ALL & ~(1 << 4 | 1 << 10 | 1 << 14));
  }

  @Test
  void shouldHideWhatASnapshotDoesNotCarry() {
    for (List<CpuidEntry> host : List.of(intel(), amd())) {
      List<CpuidEntry> table = Cpuid.forVcpu(host, 0, 1);

      assertThat(leaf(table, 1, 0).ecx() & 1 << 5).as("VMX").isZero();
      assertThat(leaf(table, 0x8000_0001, 0).ecx() & 1 << 2).as("SVM").isZero();
      assertThat(leaf(table, 0xA, 0).eax()).as("performance counters").isZero();
      assertThat(leaf(table, 7, 0).ecx() & 1 << 7).as("shadow stacks").isZero();
      assertThat(leaf(table, 7, 0).edx() & 1 << 20).as("IBT").isZero();
      assertThat(leaf(table, 0xD, 1).ecx() & 3 << 11).as("their state").isZero();
    }
    assertThat(leaf(Cpuid.forVcpu(amd(), 0, 1), 0x8000_000A, 0).ebx()).isZero();
  }

  @Test
  void shouldKeepArchCapabilitiesOnIntelOnly() {
    assertThat(leaf(Cpuid.forVcpu(intel(), 0, 1), 7, 0).edx() & 1 << 29).isNotZero();
    assertThat(leaf(Cpuid.forVcpu(amd(), 0, 1), 7, 0).edx() & 1 << 29).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 8, 17, 32, 255})
  void shouldDescribeOnePackageOfSingleThreadedCores(int count) {
    int bits = count == 1 ? 0 : 32 - Integer.numberOfLeadingZeros(count - 1);
    for (int i = 0; i < count; i++) {
      List<CpuidEntry> table = Cpuid.forVcpu(intel(), i, count);
      for (int function : new int[] {0xB, 0x1F}) {
        CpuidEntry threads = leaf(table, function, 0);
        CpuidEntry cores = leaf(table, function, 1);
        CpuidEntry end = leaf(table, function, 2);
        assertThat(threads.eax()).isZero();
        assertThat(threads.ebx()).isEqualTo(1);
        assertThat(threads.ecx()).isEqualTo(0x100);
        assertThat(cores.eax()).isEqualTo(bits);
        assertThat(cores.ebx()).isEqualTo(count);
        assertThat(cores.ecx()).isEqualTo(0x201);
        assertThat(List.of(threads.edx(), cores.edx(), end.edx())).containsOnly(i);
        assertThat(end.ecx()).isEqualTo(2);
      }
      assertThat(i >>> bits).as("one package").isZero();
    }
  }

  @Test
  void shouldReplaceWhatTheHostSaysOfItsOwnTopology() {
    List<CpuidEntry> host = new ArrayList<>(intel());
    host.add(new CpuidEntry(0xB, 3, 1, 9, 9, 9, 77));

    List<CpuidEntry> table = Cpuid.forVcpu(host, 1, 2);

    assertThat(table).filteredOn(e -> e.function() == 0xB).hasSize(3);
    assertThat(table).filteredOn(e -> e.function() == 0xB).allMatch(e -> e.edx() == 1);
  }

  @Test
  void shouldNotAddTopologyLeavesBeyondTheHighestLeaf() {
    List<CpuidEntry> host = new ArrayList<>(intel());
    host.set(0, host.get(0).withEax(0xD));

    assertThat(Cpuid.forVcpu(host, 0, 2)).noneMatch(e -> e.function() == 0x1F);
    assertThat(Cpuid.forVcpu(host, 0, 2)).anyMatch(e -> e.function() == 0xB);
  }

  @Test
  void shouldShareTheLastLevelCacheAndNoOther() {
    List<CpuidEntry> table = Cpuid.forVcpu(intel(), 0, 4);

    assertThat(leaf(table, 4, 0).eax() >>> 14 & 0xFFF).as("L1").isZero();
    assertThat(leaf(table, 4, 3).eax() >>> 14 & 0xFFF).as("L3").isEqualTo(3);
    assertThat(leaf(table, 4, 3).eax() >>> 26).as("cores").isEqualTo(3);
    assertThat(leaf(table, 4, 4)).as("end").isEqualTo(new CpuidEntry(4, 4, 1, 0, 0, 0, 0));
  }

  @Test
  void shouldDescribeTheTopologyOfAmd() {
    List<CpuidEntry> table = Cpuid.forVcpu(amd(), 2, 3);

    assertThat(leaf(table, 0x8000_0001, 0).ecx() & 1 << 22).as("TOPOEXT").isNotZero();
    assertThat(leaf(table, 0x8000_0008, 0).ecx() & 0xFF).as("processors less 1").isEqualTo(2);
    assertThat(leaf(table, 0x8000_0008, 0).ecx() >>> 12 & 0xF).as("id bits").isEqualTo(2);
    assertThat(leaf(table, 0x8000_0008, 0).eax()).as("address bits").isEqualTo(0x3030);
    CpuidEntry topology = leaf(table, 0x8000_001E, 0);
    assertThat(topology.eax()).isEqualTo(2);
    assertThat(topology.ebx()).as("core 2, one thread").isEqualTo(2);
    assertThat(leaf(table, 0x8000_001D, 3).eax() >>> 14 & 0xFFF).as("L3").isEqualTo(2);
    assertThat(leaf(table, 0x8000_001D, 0).eax() >>> 14 & 0xFFF).as("L1").isZero();
  }

  @Test
  void shouldNotAddTopologyToAnAmdProcessorThatEndsBeforeIt() {
    List<CpuidEntry> host = new ArrayList<>(amd());
    host.replaceAll(e -> e.function() == 0x8000_0000 ? e.withEax(0x8000_000A) : e);
    host.replaceAll(e -> e.function() == 0x8000_0001 ? e.withEcx(ALL) : e);

    List<CpuidEntry> table = Cpuid.forVcpu(host, 1, 2);

    assertThat(table).noneMatch(e -> e.function() == 0x8000_001E);
    assertThat(leaf(table, 0x8000_0001, 0).ecx() & 1 << 22).as("TOPOEXT").isZero();
    assertThat(leaf(table, 0x8000_0008, 0).ecx() & 0xFF).as("processors less 1").isEqualTo(1);
  }

  @Test
  void shouldLeaveAmdLeavesOffIntel() {
    List<CpuidEntry> table = Cpuid.forVcpu(intel(), 0, 2);

    assertThat(table).noneMatch(e -> e.function() == 0x8000_001E);
    assertThat(leaf(table, 0x8000_0008, 0).ecx()).isZero();
  }

  @Test
  void shouldBeSortedWithoutDuplicatesAndPure() {
    List<CpuidEntry> table = Cpuid.forVcpu(amd(), 1, 2);
    Set<List<Integer>> keys = new HashSet<>();
    for (CpuidEntry e : table) {
      assertThat(keys.add(List.of(e.function(), e.index()))).as("%s", e).isTrue();
    }

    assertThat(table).isEqualTo(Cpuid.forVcpu(amd(), 1, 2));
    assertThat(Cpuid.forVcpu(table, 1, 2)).as("applied to its own result").isEqualTo(table);
  }

  @Test
  void shouldRefuseAProcessorThatIsNotThere() {
    assertThatIllegalArgumentException().isThrownBy(() -> Cpuid.forVcpu(intel(), 2, 2));
    assertThatIllegalArgumentException().isThrownBy(() -> Cpuid.forVcpu(intel(), -1, 2));
    assertThatIllegalArgumentException().isThrownBy(() -> Cpuid.forVcpu(intel(), 0, 0));
    assertThatIllegalArgumentException().isThrownBy(() -> Cpuid.forVcpu(intel(), 0, 256));
    assertThatIllegalArgumentException().isThrownBy(() -> Cpuid.forVcpu(List.of(), 0, 1));
  }

  @Test
  void shouldSurviveTheKernelsLayout() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = CpuidEntry.encode(amd(), arena);

      assertThat(CpuidEntry.decode(table)).isEqualTo(amd());
      assertThatIllegalArgumentException()
          .isThrownBy(() -> CpuidEntry.decode(table.asSlice(0, table.byteSize() - 1)));
      assertThatIllegalArgumentException().isThrownBy(() -> CpuidEntry.decode(table.asSlice(0, 4)));
      table.set(java.lang.foreign.ValueLayout.JAVA_INT, 0, -1);
      assertThatIllegalArgumentException().isThrownBy(() -> CpuidEntry.decode(table));
    }
  }

  private static List<CpuidEntry> intel() {
    List<CpuidEntry> e = new ArrayList<>();
    e.add(new CpuidEntry(0, 0, 0, 0x1F, 0x756E_6547, 0x6C65_746E, 0x4965_6E69));
    common(e);
    e.add(new CpuidEntry(4, 0, 1, 1 | 1 << 5 | 1 << 14 | 7 << 26, 1, 2, 3));
    e.add(new CpuidEntry(4, 3, 1, 3 | 3 << 5 | 31 << 14 | 7 << 26, 1, 2, 3));
    e.add(new CpuidEntry(4, 4, 1, 0, 0, 0, 0));
    e.add(new CpuidEntry(0x1F, 0, 1, 0, 0, 0, 99));
    e.add(new CpuidEntry(0x8000_0008, 0, 0, 0x3030, 0, 0, 0));
    return e;
  }

  private static List<CpuidEntry> amd() {
    List<CpuidEntry> e = new ArrayList<>();
    e.add(new CpuidEntry(0, 0, 0, 0x10, 0x6874_7541, 0x444D_4163, 0x6974_6E65));
    common(e);
    e.add(new CpuidEntry(0x8000_0000, 0, 0, 0x8000_0021, 0, 0, 0));
    e.add(new CpuidEntry(0x8000_0008, 0, 0, 0x3030, 0, 0x703F, 0));
    e.add(new CpuidEntry(0x8000_000A, 0, 0, 1, 0x8000, 0, ALL));
    e.add(new CpuidEntry(0x8000_001D, 0, 1, 1 | 1 << 5 | 1 << 14, 1, 2, 3));
    e.add(new CpuidEntry(0x8000_001D, 3, 1, 3 | 3 << 5 | 15 << 14, 1, 2, 3));
    e.add(new CpuidEntry(0x8000_001E, 0, 0, 99, 99, 99, 99));
    return e;
  }

  private static void common(List<CpuidEntry> e) {
    e.add(new CpuidEntry(1, 0, 0, 0x306F2, 0x6310_0800, ALL & ~(1 << 24), ALL));
    e.add(new CpuidEntry(6, 0, 0, 0x77, 2, 9, 0));
    e.add(new CpuidEntry(7, 0, 1, 1, ALL, ALL, ALL));
    e.add(new CpuidEntry(7, 1, 1, 5, 0, 0, 0));
    e.add(new CpuidEntry(0xA, 0, 0, 0x0730_0404, 0, 0, 0x603));
    e.add(new CpuidEntry(0xB, 0, 1, 0, 0, 0, 99));
    e.add(new CpuidEntry(0xD, 0, 1, 7, 832, 832, 0));
    e.add(new CpuidEntry(0xD, 1, 1, 0xF, 832, 0x1900, 0));
    e.add(new CpuidEntry(0x4000_0000, 0, 0, 0x4000_0001, 0x4B4D_564B, 0x564B_4D56, 0x4D));
    e.add(new CpuidEntry(0x4000_0001, 0, 0, ALL, 0, 0, 0));
    e.add(new CpuidEntry(0x8000_0001, 0, 0, 0, 0, ALL, ALL));
  }

  private static CpuidEntry leaf(List<CpuidEntry> table, int function, int index) {
    return table.stream()
        .filter(e -> e.function() == function && e.index() == index)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no leaf 0x%x.%d".formatted(function, index)));
  }
}
