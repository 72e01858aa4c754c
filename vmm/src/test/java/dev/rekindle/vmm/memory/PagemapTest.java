package dev.rekindle.vmm.memory;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.rekindle.vmm.sys.Mapping;
import dev.rekindle.vmm.sys.OwnedFd;
import dev.rekindle.vmm.sys.Syscalls;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class PagemapTest {
  private static final int PAGES = 64;
  private static final long BYTES = (long) PAGES * PageRuns.PAGE_BYTES;

  private OwnedFd file;
  private Mapping memory;

  @BeforeEach
  void map() {
    file = OwnedFd.memory("pagemap-test", BYTES);
    memory = Mapping.filePrivate(file.fd(), 0, BYTES);
  }

  @AfterEach
  void unmap() {
    memory.close();
    file.close();
  }

  @Test
  void shouldTellReadPagesFromWrittenOnes() {
    memory.segment().set(JAVA_BYTE, 5 * 4096 + 1, (byte) 1);
    memory.segment().set(JAVA_BYTE, 6 * 4096, (byte) 1);
    byte read = memory.segment().get(JAVA_BYTE, 40 * 4096);

    TouchedPages touched = Pagemap.touched(memory.segment());

    assertThat(read).isZero();
    assertThat(touched.written()).isEqualTo(PageRuns.of(5, 7));
    // The kernel may map neighbours of a page that is read, but none that were not in its 64 KiB.
    assertThat(touched.read().first(0)).isGreaterThanOrEqualTo(32);
    assertThat(touched.read().end()).isBetween(41L, 48L);
    assertThat(Pagemap.ownPages(memory.segment())).isEqualTo(2);
  }

  @Test
  void shouldCountAlikeWhicheverWayTheKernelIsAsked() {
    for (int page = 1; page < PAGES; page += 2) {
      memory.segment().set(JAVA_BYTE, page * 4096L, (byte) 1);
    }
    memory.populate(0, 4096, false);

    assertThat(Pagemap.ownPagesRead(memory.segment())).isEqualTo(PAGES / 2);
    assertThat(Pagemap.ownPages(memory.segment())).isEqualTo(PAGES / 2);
  }

  @Test
  void shouldCountMoreRegionsThanTheKernelTellsAtOnce() {
    long bytes = 3000L * 4096;
    try (Mapping many = Mapping.anonymous(bytes)) {
      for (long at = 0; at < bytes; at += 2 * 4096) {
        many.segment().set(JAVA_BYTE, at, (byte) 1);
      }

      // Where the kernel gives huge pages unasked there are more.
      assertThat(Pagemap.ownPages(many.segment()))
          .isEqualTo(Pagemap.ownPagesRead(many.segment()))
          .isGreaterThanOrEqualTo(1500);
    }
  }

  @Test
  void shouldSeeWhatWasPopulated() {
    memory.populate(8 * 4096, 4 * 4096, true);
    memory.populate(48 * 4096, 2 * 4096, false);

    TouchedPages touched = Pagemap.touched(memory.segment());

    assertThat(touched.written()).isEqualTo(PageRuns.of(8, 12));
    assertThat(touched.read().first(0)).isEqualTo(48);
  }

  @Test
  void shouldCountWhatOfAFileIsInMemory() {
    assertThat(PageCache.residentBytes(file.fd(), BYTES)).hasValue(0);

    try (Arena arena = Arena.ofConfined()) {
      MemorySegment page = arena.allocate(4096);
      Syscalls.pwrite(file.fd(), page, 0);
      Syscalls.pwrite(file.fd(), page, 63 * 4096);
    }

    assertThat(PageCache.residentBytes(file.fd(), BYTES)).hasValue(2 * 4096);
  }
}
