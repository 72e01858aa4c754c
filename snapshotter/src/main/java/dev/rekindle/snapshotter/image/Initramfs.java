package dev.rekindle.snapshotter.image;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The archive the kernel starts from: the agent as {@code /init} and the modules it loads. */
final class Initramfs {
  /** Everything a guest of ours may need: our devices, the root image and its overlay. */
  static final List<String> MODULES =
      List.of(
          "virtio_mmio",
          "virtio_blk",
          "erofs",
          "overlay",
          "vmw_vsock_virtio_transport",
          "virtio_rng");

  private Initramfs() {}

  static void write(Path file, Path agent, Map<String, byte[]> modules) throws ImageException {
    try (CpioWriter cpio = new CpioWriter(new BufferedOutputStream(Files.newOutputStream(file)))) {
      cpio.directory("dev", 0755);
      cpio.characterDevice("dev/console", 0600, 5, 1);
      cpio.file("init", 0755, Files.readAllBytes(agent));
      cpio.directory("modules", 0755);
      for (Map.Entry<String, byte[]> module : modules.entrySet()) {
        cpio.file("modules/" + module.getKey(), 0644, module.getValue());
      }
      String order = String.join("\n", modules.keySet()) + "\n";
      cpio.file("modules/order", 0644, order.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw Failures.writing(file, e);
    }
  }
}
