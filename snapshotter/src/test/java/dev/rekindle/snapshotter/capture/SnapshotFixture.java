package dev.rekindle.snapshotter.capture;

import dev.rekindle.snapshotter.format.Manifest;
import dev.rekindle.snapshotter.format.Section;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.vmm.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A small snapshot that needs no VM: 5 MiB of memory, mostly zero, and one section of state. */
public final class SnapshotFixture {
  public static final long MEMORY_BYTES = 5 << 20;
  public static final Section STATE = new Section("TEST", 0, true, new byte[] {1, 2, 3});

  private SnapshotFixture() {}

  public static Manifest.ShapeEntry shape() {
    return new Manifest.ShapeEntry(
        MEMORY_BYTES, 1, "host", List.of(new Manifest.DeviceEntry("vsock", null)));
  }

  public static SnapshotDescription description(String id) {
    return new SnapshotDescription(
        id,
        "base",
        "test 1",
        new Manifest.Images("none", "vmlinuz", "initramfs", "console=ttyS0", List.of()),
        new Manifest.CpuEntry("GenuineIntel", Map.of("1.0.ecx", "0x1")));
  }

  /** Pages 1, 2, the last of the first chunk and the very last are not zero. */
  public static GuestMemory memory(Arena arena) {
    GuestMemory memory = GuestMemory.allocate(MEMORY_BYTES, arena);
    memory.putLong(4096, 0x1122334455667788L);
    memory.putByte(3 * 4096 - 1, (byte) 7);
    memory.putByte((2 << 20) - 1, (byte) 8);
    memory.putByte(MEMORY_BYTES - 1, (byte) 9);
    return memory;
  }

  public static Path write(Path snapshots, String id) throws SnapshotException {
    try (Arena arena = Arena.ofConfined()) {
      new SnapshotWriter(snapshots).write(description(id), shape(), List.of(STATE), memory(arena));
    }
    return snapshots.resolve(id);
  }
}
