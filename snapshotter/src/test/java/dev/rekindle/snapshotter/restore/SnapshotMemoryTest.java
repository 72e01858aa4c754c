package dev.rekindle.snapshotter.restore;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rekindle.snapshotter.capture.SnapshotFixture;
import dev.rekindle.snapshotter.format.HugePages;
import dev.rekindle.snapshotter.format.SnapshotError;
import dev.rekindle.snapshotter.format.SnapshotException;
import dev.rekindle.vmm.machine.MemorySource;
import dev.rekindle.vmm.memory.HugePageSupport;
import dev.rekindle.vmm.memory.PageRuns;
import dev.rekindle.vmm.sys.OwnedFd;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotMemoryTest {
  @TempDir Path snapshots;

  private OwnedFd memory() throws Exception {
    return SnapshotReader.open(SnapshotFixture.write(snapshots, "s-1")).memoryFile();
  }

  @Test
  void shouldKnowThePagesThatAreNoHole() throws Exception {
    try (OwnedFd file = memory()) {
      PageRuns data = SnapshotMemory.data(file, SnapshotFixture.MEMORY_BYTES);

      // A file system may keep more than was written, and none at all of the holes.
      assertThat(data.pages()).isBetween(4L, SnapshotFixture.MEMORY_BYTES / 4096);
      assertThat(data.first(0)).isLessThanOrEqualTo(1);
      assertThat(data.end()).isEqualTo(SnapshotFixture.MEMORY_BYTES / 4096);
    }
  }

  @Test
  void shouldSayHowMuchOfItIsInMemory() throws Exception {
    try (SnapshotMemory memory =
        SnapshotMemory.of(memory(), SnapshotFixture.MEMORY_BYTES, HugePages.NONE)) {
      // It was just written and read.
      assertThat(memory.residentBytes().orElseThrow())
          .isBetween(4L * 4096, SnapshotFixture.MEMORY_BYTES);
      assertThat(memory.source()).isInstanceOf(MemorySource.CopyOnWrite.class);
    }
  }

  @Test
  void shouldRefuseWhereNoHugePagesAreReserved() throws Exception {
    assumeTrue(HugePageSupport.free() == 0, "this host has huge pages reserved");
    long descriptors = descriptors();
    try (OwnedFd file = memory()) {
      assertThatThrownBy(() -> SnapshotMemory.of(file, 4 << 20, HugePages.HUGETLBFS))
          .isInstanceOfSatisfying(
              SnapshotException.class,
              e -> assertThat(e.error()).isEqualTo(SnapshotError.NO_HUGE_PAGES))
          .hasMessageContaining("vm.nr_hugepages");
    }
    assertThat(descriptors()).isLessThanOrEqualTo(descriptors + 1);
  }

  private static long descriptors() throws Exception {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }
}
