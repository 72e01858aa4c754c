package dev.rekindle.vmm.abi;

import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.abi.virtio.Virtio;
import dev.rekindle.vmm.abi.virtio.VirtioBlk;
import dev.rekindle.vmm.abi.virtio.VirtioMmio;
import dev.rekindle.vmm.abi.virtio.VirtioVsock;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Compares every number of {@code abi.virtio} with the kernel's headers. */
class VirtioConstantsTest {
  /** Ours by another name, or by none, in the headers. */
  private static final Map<String, String> OTHER_NAMES =
      Map.ofEntries(
          Map.entry("VirtioBlk.SECTOR_BYTES", ""),
          Map.entry("VirtioBlk.ID_BYTES", "VIRTIO_BLK_ID_BYTES"),
          Map.entry("VirtioBlk.HEADER_BYTES", "sizeof(struct virtio_blk_outhdr)"),
          Map.entry(
              "VirtioBlk.CONFIG_BYTES",
              "offsetof(struct virtio_blk_config, max_secure_erase_sectors)"),
          Map.entry("VirtioBlk.CONFIG_SEG_MAX", "offsetof(struct virtio_blk_config, seg_max)"),
          Map.entry("VirtioBlk.CONFIG_BLK_SIZE", "offsetof(struct virtio_blk_config, blk_size)"),
          Map.entry("VirtioMmio.MAGIC", "('v' | 'i' << 8 | 'r' << 16 | 't' << 24)"),
          Map.entry("VirtioMmio.MODERN_VERSION", ""),
          Map.entry("VirtioVsock.HOST_CID", "VMADDR_CID_HOST"),
          Map.entry("VirtioVsock.HEADER_BYTES", "sizeof(struct virtio_vsock_hdr)"),
          Map.entry("Virtio.F_VERSION_1", "1ULL << VIRTIO_F_VERSION_1"),
          Map.entry("Virtio.F_INDIRECT_DESC", "1ULL << VIRTIO_RING_F_INDIRECT_DESC"),
          Map.entry("Virtio.F_EVENT_IDX", "1ULL << VIRTIO_RING_F_EVENT_IDX"),
          Map.entry("Virtio.ID_VSOCK", "VIRTIO_ID_VSOCK"),
          Map.entry("Virtio.AVAIL_F_NO_INTERRUPT", "VRING_AVAIL_F_NO_INTERRUPT"),
          Map.entry("Virtio.DESC_BYTES", "sizeof(struct vring_desc)"),
          Map.entry("Virtio.USED_ELEM_BYTES", "sizeof(struct vring_used_elem)"),
          Map.entry("Virtio.RING_HEADER_BYTES", "offsetof(struct vring_avail, ring)"));

  @Test
  void shouldMatchTheHeaders(@TempDir Path dir) throws Exception {
    Map<String, Long> ours = new LinkedHashMap<>();
    StringBuilder c =
        new StringBuilder(
            """
            #include <stddef.h>
            #include <stdio.h>
            #include <linux/virtio_config.h>
            #include <linux/virtio_ids.h>
            #include <linux/virtio_ring.h>
            #include <linux/virtio_mmio.h>
            #include <linux/virtio_blk.h>
            #include <linux/virtio_vsock.h>
            #include <sys/socket.h>
            #include <linux/vm_sockets.h>
            int main(void) {
            """);
    for (Class<?> type :
        new Class<?>[] {Virtio.class, VirtioMmio.class, VirtioBlk.class, VirtioVsock.class}) {
      for (Field field : type.getFields()) {
        String name = type.getSimpleName() + "." + field.getName();
        String inC = OTHER_NAMES.getOrDefault(name, inC(type, field.getName()));
        if (!inC.isEmpty()) {
          ours.put(name, ((Number) field.get(null)).longValue());
          c.append("printf(\"%s %%llu\\n\", (unsigned long long) (%s));\n".formatted(name, inC));
        }
      }
    }
    Path source = Files.writeString(dir.resolve("virtio.c"), c.append("return 0; }\n"));
    run("cc", "-o", dir.resolve("virtio").toString(), source.toString());
    Map<String, Long> theirs = new LinkedHashMap<>();
    for (String line : run(dir.resolve("virtio").toString()).split("\n")) {
      String[] parts = line.split(" ");
      theirs.put(parts[0], Long.parseLong(parts[1]));
    }

    assertThat(ours).hasSizeGreaterThan(70);
    assertThat(theirs).isEqualTo(ours);
  }

  private static String inC(Class<?> type, String name) {
    if (type == VirtioMmio.class) {
      return "VIRTIO_MMIO_" + name;
    }
    if (type == VirtioBlk.class) {
      return (name.startsWith("F_") ? "1ULL << " : "") + "VIRTIO_BLK_" + name;
    }
    if (type == VirtioVsock.class) {
      return name.startsWith("HDR_")
          ? "offsetof(struct virtio_vsock_hdr, %s)"
              .formatted(name.substring(4).toLowerCase(java.util.Locale.ROOT))
          : "VIRTIO_VSOCK_" + name;
    }
    return name.startsWith("STATUS_")
        ? "VIRTIO_CONFIG_S_" + name.substring(7)
        : name.startsWith("DESC_F_") ? "VRING_" + name : "VIRTIO_" + name;
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(String.join(" ", command) + "\n" + output).isZero();
    return output;
  }
}
