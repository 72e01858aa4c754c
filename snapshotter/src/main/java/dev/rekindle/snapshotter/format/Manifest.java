package dev.rekindle.snapshotter.format;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import java.util.Map;

/**
 * The contents of manifest.json; field by field in {@code docs/snapshot-format.md}.
 *
 * @param format major and minor
 * @param snapshotId the directory's name
 * @param template what it was made for
 * @param creator program and version
 * @param createdAt ISO 8601, UTC
 * @param shape of every VM this can be restored into
 * @param memory how memory.bin is laid out
 * @param stateFile size and checksum of state.bin
 * @param memoryFile size of memory.bin
 * @param images what was booted and which disks it needs
 * @param cpu what the guest was told about its processor
 */
public record Manifest(
    Version format,
    String snapshotId,
    String template,
    String creator,
    String createdAt,
    ShapeEntry shape,
    Memory memory,
    StateFileEntry stateFile,
    MemoryFileEntry memoryFile,
    Images images,
    CpuEntry cpu) {

  /** Checks what can be checked without the other files. */
  public Manifest {
    if (!SnapshotFormat.isSnapshotId(snapshotId)) {
      throw new IllegalArgumentException("snapshotId is none: " + snapshotId);
    }
    long regionBytes = memory.regions().stream().mapToLong(Region::bytes).sum();
    if (regionBytes != shape.memoryBytes() || memoryFile.bytes() != shape.memoryBytes()) {
      throw new IllegalArgumentException(
          "memory must be "
              + shape.memoryBytes()
              + " bytes in regions and file, got "
              + regionBytes
              + " and "
              + memoryFile.bytes());
    }
  }

  /**
   * @param major readers refuse another one
   * @param minor for information
   */
  public record Version(int major, int minor) {}

  /**
   * A VM's shape, by names rather than types, so that any version can be read.
   *
   * @param memoryBytes a multiple of the page size
   * @param vcpuCount at least 1
   * @param cpu name of the CPU template
   * @param devices by slot
   */
  public record ShapeEntry(long memoryBytes, int vcpuCount, String cpu, List<DeviceEntry> devices) {
    /** Checks ranges. */
    public ShapeEntry {
      if (memoryBytes <= 0
          || memoryBytes > SnapshotFormat.MAX_MEMORY_BYTES
          || memoryBytes % SnapshotFormat.PAGE_BYTES != 0) {
        throw new IllegalArgumentException("memoryBytes must be whole pages, got " + memoryBytes);
      }
      if (vcpuCount < 1) {
        throw new IllegalArgumentException("vcpuCount must be at least 1, got " + vcpuCount);
      }
      devices = List.copyOf(devices);
    }
  }

  /**
   * @param kind {@code block}, {@code vsock} or {@code rng}
   * @param readOnly of a block device; null for the others
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record DeviceEntry(String kind, Boolean readOnly) {}

  /**
   * @param pageBytes {@link SnapshotFormat#PAGE_BYTES}
   * @param chunkBytes {@link SnapshotFormat#CHUNK_BYTES}
   * @param dataBytes pages that are not zero
   * @param regions by ascending gpa
   */
  public record Memory(int pageBytes, int chunkBytes, long dataBytes, List<Region> regions) {
    /** Checks granules and that the regions fill the file one after the other. */
    public Memory {
      if (pageBytes != SnapshotFormat.PAGE_BYTES || chunkBytes != SnapshotFormat.CHUNK_BYTES) {
        throw new IllegalArgumentException(
            "pageBytes and chunkBytes must be 4096 and 2097152, got "
                + pageBytes
                + ", "
                + chunkBytes);
      }
      regions = List.copyOf(regions);
      long expected = 0;
      for (Region region : regions) {
        if (region.fileOffset() != expected || region.bytes() <= 0 || region.gpa() < 0) {
          throw new IllegalArgumentException("regions must follow one another, got " + regions);
        }
        expected = Math.addExact(expected, region.bytes());
      }
    }
  }

  /**
   * @param gpa first guest-physical address
   * @param bytes size
   * @param fileOffset where in memory.bin
   */
  public record Region(long gpa, long bytes, long fileOffset) {}

  /**
   * @param bytes size
   * @param crc32c eight lower-case hex digits
   */
  public record StateFileEntry(long bytes, String crc32c) {}

  /**
   * @param bytes size
   */
  public record MemoryFileEntry(long bytes) {}

  /**
   * @param digest directory under {@code <state>/images}
   * @param kernel file name or path, for information
   * @param initramfs file name or path, for information
   * @param cmdline of the kernel, for information
   * @param disks what the block devices need
   */
  public record Images(
      String digest, String kernel, String initramfs, String cmdline, List<Disk> disks) {
    /** Checks that no name leads out of the images directory. */
    public Images {
      disks = List.copyOf(disks);
      requireFileName(digest);
      disks.forEach(disk -> requireFileName(disk.file()));
    }

    private static void requireFileName(String name) {
      if (name.isEmpty() || name.contains("/") || name.startsWith(".") || name.indexOf('\0') >= 0) {
        throw new IllegalArgumentException("not a plain file name: " + name);
      }
    }
  }

  /**
   * @param slot index of the block device in the shape's devices
   * @param file name in the images directory of the digest
   * @param bytes size
   */
  public record Disk(int slot, String file, long bytes) {}

  /**
   * @param vendor CPUID's twelve letters
   * @param features mask of the bits the guest saw, by {@code leaf.subleaf.register}; hex
   */
  public record CpuEntry(String vendor, Map<String, String> features) {
    /** Copies the map. */
    public CpuEntry {
      features = Map.copyOf(features);
    }
  }
}
