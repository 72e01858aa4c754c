package dev.rekindle.fuzz.targets;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.rekindle.fuzz.FuzzTarget;
import dev.rekindle.fuzz.Refusal;
import dev.rekindle.snapshotter.format.CpuFeatures;
import dev.rekindle.snapshotter.format.HugePages;
import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.ManifestJson;
import dev.rekindle.snapshotter.format.ShapeEntries;
import dev.rekindle.snapshotter.format.SnapshotException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.zip.CRC32C;

/** manifest.json, with the checksum put right: whoever writes manifests can write that as well. */
public final class ManifestTarget implements FuzzTarget {
  private static final int PREFIX_BYTES = 22;

  /** Ready. */
  public ManifestTarget() {}

  @Override
  public String name() {
    return "manifest";
  }

  @Override
  public void run(byte[] input) {
    decode(input);
    if (input.length > PREFIX_BYTES) {
      CRC32C crc = new CRC32C();
      crc.update(input, PREFIX_BYTES, input.length - PREFIX_BYTES);
      byte[] right = input.clone();
      String prefix = String.format("{\"crc32c\":\"%08x\",\n", (int) crc.getValue());
      System.arraycopy(prefix.getBytes(US_ASCII), 0, right, 0, PREFIX_BYTES);
      decode(right);
    }
  }

  private static void decode(byte[] bytes) {
    try {
      Manifest manifest = ManifestJson.decode(bytes);
      requireComplete(manifest);
      Manifest again = ManifestJson.decode(ManifestJson.encode(manifest));
      if (!again.equals(manifest)) {
        throw new AssertionError("read back as " + again);
      }
      ShapeEntries.toShape(manifest.shape());
      CpuFeatures.require(manifest.cpu(), List.of());
    } catch (SnapshotException e) {
      Refusal.check(e.code(), e);
    }
  }

  /** Who reads a manifest does not ask whether a part of it is there. */
  private static void requireComplete(Manifest m) {
    for (Object part :
        Arrays.asList(
            m.format(),
            m.template(),
            m.creator(),
            m.createdAt(),
            m.shape().cpu(),
            m.stateFile().crc32c(),
            m.images().digest(),
            m.images().kernel(),
            m.images().initramfs(),
            m.images().cmdline(),
            m.cpu().vendor())) {
      Objects.requireNonNull(part, "a manifest without one of its fields was taken");
    }
    m.shape().devices().forEach(device -> Objects.requireNonNull(device.kind()));
  }

  @Override
  public List<byte[]> seeds() {
    Manifest manifest =
        new Manifest(
            new Manifest.Version(1, 0),
            "s-1",
            "python",
            "rekindle",
            "2026-11-23T10:00:00Z",
            new Manifest.ShapeEntry(
                2 << 20,
                1,
                "host",
                List.of(
                    new Manifest.DeviceEntry("block", true),
                    new Manifest.DeviceEntry("vsock", null),
                    new Manifest.DeviceEntry("rng", null))),
            new Manifest.Memory(
                4096, 2 << 20, 4096, List.of(new Manifest.Region(0, 2 << 20, 0)), HugePages.NONE),
            new Manifest.StateFileEntry(100, "01234567"),
            new Manifest.MemoryFileEntry(2 << 20),
            new Manifest.Images(
                "abc", "vmlinuz", "initramfs", "quiet", List.of(new Manifest.Disk(0, "r.img", 1))),
            new Manifest.CpuEntry("AuthenticAMD", Map.of("7.0.ebx", "0x20")));
    return List.of(ManifestJson.encode(manifest));
  }
}
