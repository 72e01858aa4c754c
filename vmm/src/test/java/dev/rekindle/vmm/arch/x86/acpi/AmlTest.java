package dev.rekindle.vmm.arch.x86.acpi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.rekindle.vmm.arch.x86.acpi.AmlValue.EisaId;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Int;
import dev.rekindle.vmm.arch.x86.acpi.AmlValue.Text;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class AmlTest {
  @ParameterizedTest
  @CsvSource({
    "0, 00",
    "1, 01",
    "2, 0a02",
    "255, 0aff",
    "256, 0b0001",
    "65535, 0bffff",
    "65536, 0c00000100",
    "4294967295, 0cffffffff",
    "4294967296, 0e0000000001000000",
    "-1, 0effffffffffffffff",
  })
  void shouldEncodeIntegersAsShortAsTheyGo(long value, String hex) {
    assertThat(hex(new Int(value))).isEqualTo(hex);
  }

  @Test
  void shouldEncodeEisaIdsAsTheCompilerOfAcpicaDoes() {
    assertThat(hex(new EisaId("PNP0501"))).isEqualTo("0c41d00501");
    assertThat(hex(new EisaId("PNP0A03"))).isEqualTo("0c41d00a03");
    assertThatIllegalArgumentException().isThrownBy(() -> new EisaId("pnp0501"));
    assertThatIllegalArgumentException().isThrownBy(() -> new EisaId("PNP050G"));
  }

  @ParameterizedTest
  @CsvSource({
    "_HID, 5f484944",
    "GED, 4745445f",
    "\\_SB, 5c5f53425f",
    "\\_SB.GED, 5c2e5f53425f4745445f",
    "A.B.C, 2f03415f5f5f425f5f5f435f5f5f",
  })
  void shouldEncodeNames(String path, String hex) {
    assertThat(hex(AmlName.of(path))).isEqualTo(hex);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\\", "ABCDE", "1AB", "ab", "A..B", "A-B", "\\\\A"})
  void shouldRefuseWhatIsNoName(String path) {
    assertThatIllegalArgumentException().isThrownBy(() -> AmlName.of(path));
  }

  @Test
  void shouldRefuseTextThatAmlCannotHold() {
    assertThat(hex(new Text("AB"))).isEqualTo("0d414200");
    assertThatIllegalArgumentException().isThrownBy(() -> new Text("a\0b"));
    assertThatIllegalArgumentException().isThrownBy(() -> new Text("\u00e9"));
  }

  /** Bodies on both sides of each length at which the package length grows by a byte. */
  @ParameterizedTest
  @CsvSource({
    "0, 1",
    "62, 63",
    "63, 65",
    "4093, 4095",
    "4094, 4097",
    "1048572, 1048575",
    "1048573, 1048577",
  })
  void shouldCountThePackageLengthIntoItself(int bodyBytes, int total) {
    ByteSink out = new ByteSink();

    PackageLength.encode(new ByteSink().zeros(bodyBytes), out);

    byte[] encoded = out.toBytes();
    assertThat(encoded).hasSize(total);
    int following = (encoded[0] & 0xFF) >>> 6;
    int length = following == 0 ? encoded[0] & 0x3F : encoded[0] & 0xF;
    for (int i = 0; i < following; i++) {
      length |= (encoded[1 + i] & 0xFF) << 4 + 8 * i;
    }
    assertThat(length).isEqualTo(total);
  }

  @Test
  void shouldReadBackNestedScopesOfAnySize() {
    for (int devices : new int[] {0, 1, 3, 4, 100, 300}) {
      AmlTerm device =
          new AmlTerm.Device(AmlName.of("D"), List.of(new AmlTerm.Name("N", new Int(7))));
      byte[] aml =
          AmlTerm.encodeAll(
              List.of(
                  new AmlTerm.Scope(AmlName.of("\\_SB"), Collections.nCopies(devices, device))));

      assertThat(AmlReader.read(aml)).hasSize(1 + 2 * devices).startsWith("Scope \\_SB_");
    }
  }

  @Test
  void shouldRefuseArgumentsThatMethodsDoNotHave() {
    assertThatIllegalArgumentException().isThrownBy(() -> new AmlValue.Arg(7));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new AmlTerm.Method(AmlName.of("M"), 8, List.of()));
  }

  private static String hex(AmlData data) {
    ByteSink out = new ByteSink();
    data.encode(out);
    return HexFormat.of().formatHex(out.toBytes());
  }
}
