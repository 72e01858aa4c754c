package dev.rekindle.snapshotter.format;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestJsonTest {
  private static final Manifest MANIFEST =
      new Manifest(
          new Manifest.Version(1, 0),
          "s-1",
          "python",
          "rekindle 0.1.0",
          "2026-11-23T10:00:00Z",
          new Manifest.ShapeEntry(
              8192,
              1,
              "host",
              List.of(
                  new Manifest.DeviceEntry("block", true),
                  new Manifest.DeviceEntry("vsock", null))),
          new Manifest.Memory(4096, 2 << 20, 4096, List.of(new Manifest.Region(0, 8192, 0))),
          new Manifest.StateFileEntry(100, "01234567"),
          new Manifest.MemoryFileEntry(8192),
          new Manifest.Images(
              "abc", "vmlinuz", "initramfs", "quiet", List.of(new Manifest.Disk(0, "r.img", 1))),
          new Manifest.CpuEntry("AuthenticAMD", Map.of("7.0.ebx", "0x20")));

  @Test
  void shouldReadBack() throws Exception {
    assertThat(ManifestJson.decode(ManifestJson.encode(MANIFEST))).isEqualTo(MANIFEST);
  }

  @Test
  void shouldBeJsonAsAWholeAndBeginWithItsChecksum() throws Exception {
    byte[] bytes = ManifestJson.encode(MANIFEST);

    assertThat(new String(bytes, 0, 22, UTF_8)).matches("\\{\"crc32c\":\"[0-9a-f]{8}\",\n");
    assertThat(new ObjectMapper().readTree(bytes).get("template").asText()).isEqualTo("python");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "\"major\" : 1|\"major\" : 2|VERSION_UNSUPPORTED",
        "\"snapshotId\" : \"s-1\"|\"snapshotId\" : \"../x\"|MANIFEST_INVALID",
        "\"snapshotId\" : \"s-1\"|\"snapshotIt\" : \"s-1\"|MANIFEST_INVALID",
        "\"vcpuCount\" : 1|\"vcpuCount\" : 0|MANIFEST_INVALID",
        "\"vcpuCount\" : 1|\"vcpuCount\" : \"1\"|MANIFEST_INVALID",
        "\"vcpuCount\" : 1|\"vcpuCount\" : null|MANIFEST_INVALID",
        "\"memoryBytes\" : 8192|\"memoryBytes\" : 8191|MANIFEST_INVALID",
        "\"memoryBytes\" : 8192|\"memoryBytes\" : 12288|MANIFEST_INVALID",
        "\"fileOffset\" : 0|\"fileOffset\" : 4096|MANIFEST_INVALID",
        "\"digest\" : \"abc\"|\"digest\" : \"..\"|MANIFEST_INVALID",
        "\"file\" : \"r.img\"|\"file\" : \"../../etc/shadow\"|MANIFEST_INVALID",
        "\"disks\" : [|\"disks\" : [null,|MANIFEST_INVALID",
        "\"template\"|\"tem|MANIFEST_INVALID",
      })
  void shouldRefuseWhenEditedWithRightChecksum(String from, String to, SnapshotError error) {
    String text = new String(ManifestJson.encode(MANIFEST), UTF_8);
    assertThat(text).contains(from);
    byte[] rest = text.substring(22).replace(from, to).getBytes(UTF_8);
    String prefix = String.format("{\"crc32c\":\"%08x\",\n", StateFile.crc(rest, 0, rest.length));
    byte[] bytes = (prefix + new String(rest, UTF_8)).getBytes(UTF_8);

    assertThatThrownBy(() -> ManifestJson.decode(bytes))
        .isInstanceOfSatisfying(
            SnapshotException.class, e -> assertThat(e.error()).isEqualTo(error));
  }

  @Test
  void shouldIgnoreFieldsOfALaterMinorVersion() throws Exception {
    String rest = new String(ManifestJson.encode(MANIFEST), UTF_8).substring(22);
    String more = "\n\"workingSet\": {\"bytes\": 1}," + rest;
    byte[] bytes = more.getBytes(UTF_8);
    String prefix = String.format("{\"crc32c\":\"%08x\",\n", StateFile.crc(bytes, 0, bytes.length));

    assertThat(ManifestJson.decode((prefix + more).getBytes(UTF_8))).isEqualTo(MANIFEST);
  }
}
