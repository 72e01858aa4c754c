package dev.rekindle.snapshotter.format;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.rekindle.vmm.arch.x86.CpuidEntry;
import java.util.List;
import org.junit.jupiter.api.Test;

class CpuFeaturesTest {
  private static final CpuidEntry INTEL =
      new CpuidEntry(0, 0, 0, 0xD, 0x756E6547, 0x6C65746E, 0x49656E69);
  private static final CpuidEntry AMD =
      new CpuidEntry(0, 0, 0, 0xD, 0x68747541, 0x444D4163, 0x69746E65);

  @Test
  void shouldTakeVendorAndFeatures() {
    Manifest.CpuEntry cpu = CpuFeatures.of(List.of(INTEL, leaf7(0x20)));

    assertThat(cpu.vendor()).isEqualTo("GenuineIntel");
    assertThat(cpu.features()).containsOnly(entry("7.0.ebx", "0x20"));
  }

  @Test
  void shouldAcceptAHostThatCanMore() {
    Manifest.CpuEntry needed = CpuFeatures.of(List.of(INTEL, leaf7(0x20)));

    assertThatCode(() -> CpuFeatures.require(needed, List.of(INTEL, leaf7(0x80000020))))
        .doesNotThrowAnyException();
  }

  @Test
  void shouldNameWhatTheHostLacks() {
    Manifest.CpuEntry needed = CpuFeatures.of(List.of(INTEL, leaf7(0x80000021)));

    assertRefused(needed, List.of(INTEL, leaf7(0x20)), "7.0.ebx 0x80000001");
    assertRefused(needed, List.of(INTEL), "7.0.ebx 0x80000021");
  }

  @Test
  void shouldRefuseAnotherVendor() {
    assertRefused(CpuFeatures.of(List.of(INTEL)), List.of(AMD), "AuthenticAMD");
  }

  @Test
  void shouldRefuseARegisterItDoesNotKnow() {
    Manifest.CpuEntry needed =
        new Manifest.CpuEntry("GenuineIntel", java.util.Map.of("99.0.eax", "0x1"));

    assertRefused(needed, List.of(INTEL), "99.0.eax");
  }

  @Test
  void shouldIgnoreWhatTheGuestItselfSwitches() {
    CpuidEntry osxsaveOn = new CpuidEntry(1, 0, 0, 0, 0, 1 << 27 | 1, 1 << 28);
    CpuidEntry off = new CpuidEntry(1, 0, 0, 0, 0, 1, 0);

    Manifest.CpuEntry needed = CpuFeatures.of(List.of(INTEL, osxsaveOn));

    assertThatCode(() -> CpuFeatures.require(needed, List.of(INTEL, off)))
        .doesNotThrowAnyException();
  }

  private static java.util.Map.Entry<String, String> entry(String key, String value) {
    return java.util.Map.entry(key, value);
  }

  private static CpuidEntry leaf7(int ebx) {
    return new CpuidEntry(7, 0, CpuidEntry.SIGNIFICANT_INDEX, 0, ebx, 0, 0);
  }

  private static void assertRefused(
      Manifest.CpuEntry needed, List<CpuidEntry> host, String detail) {
    assertThatThrownBy(() -> CpuFeatures.require(needed, host))
        .hasMessageContaining(detail)
        .isInstanceOfSatisfying(
            SnapshotException.class,
            e -> assertThat(e.error()).isEqualTo(SnapshotError.CPU_INCOMPATIBLE));
  }
}
