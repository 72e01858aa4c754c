package dev.rekindle.vmm.arch.x86;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
  private static final CpuidEntry VENDOR =
      new CpuidEntry(0, 0, 0, 0x10, 0x6874_7541, 0x444D_4163, 0x6974_6E65);
  private static final CpuidEntry LEAF_1 = new CpuidEntry(1, 0, 0, 0x306F2, 0x0800, 0xF0F0, 0xFF);
  private static final CpuidEntry LEAF_7 = new CpuidEntry(7, 0, 1, 0, 1 << 16 | 1 << 5, 0, 0);

  @Test
  void shouldMissNothingOnTheSameHost() {
    List<CpuidEntry> table = List.of(VENDOR, LEAF_1, LEAF_7);

    assertThat(CpuFeatures.missing(table, table)).isEmpty();
  }

  @Test
  void shouldNameEachFeatureThatIsNotHere() {
    List<CpuidEntry> here = List.of(VENDOR, LEAF_1.withEdx(0x7F), LEAF_7.withEbx(1 << 5));

    assertThat(CpuFeatures.missing(List.of(VENDOR, LEAF_1, LEAF_7), here))
        .containsExactly("1.0.edx[7]", "7.0.ebx[16]");
  }

  @Test
  void shouldTakeAnAbsentLeafForOneWithoutFeatures() {
    assertThat(CpuFeatures.missing(List.of(VENDOR, LEAF_1, LEAF_7), List.of(VENDOR, LEAF_1)))
        .containsExactly("7.0.ebx[5]", "7.0.ebx[16]");
  }

  @Test
  void shouldAcceptAHostWithMoreFeatures() {
    List<CpuidEntry> here = List.of(VENDOR, LEAF_1.withEcx(-1), LEAF_7.withEbx(-1));

    assertThat(CpuFeatures.missing(List.of(VENDOR, LEAF_1, LEAF_7), here)).isEmpty();
  }

  @Test
  void shouldNotCompareIdentitiesAndSizes() {
    List<CpuidEntry> here = List.of(VENDOR, LEAF_1.withEbx(0x0100_0800).withEax(1), LEAF_7);

    assertThat(CpuFeatures.missing(List.of(VENDOR, LEAF_1, LEAF_7), here)).isEmpty();
  }

  @Test
  void shouldRefuseAnotherVendor() {
    List<CpuidEntry> here = List.of(VENDOR.withEbx(0x756E_6547), LEAF_1, LEAF_7);

    assertThat(CpuFeatures.missing(List.of(VENDOR, LEAF_1, LEAF_7), here))
        .containsExactly("vendor");
  }
}
