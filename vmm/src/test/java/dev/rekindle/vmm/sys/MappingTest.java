package dev.rekindle.vmm.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.rekindle.vmm.abi.linux.Errno;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MappingTest {
  private static final long BYTES = 4L << 20;
  private static final Path HUGE = Path.of("/sys/kernel/mm/hugepages/hugepages-2048kB");

  @Test
  void shouldAskForHugePagesUntilMappedAnew() throws Exception {
    assumeTrue(Files.exists(Path.of("/sys/kernel/mm/transparent_hugepage")), "no huge pages");
    try (Mapping mapping = Mapping.anonymous(BYTES)) {
      assertThat(flags(mapping)).doesNotContain("hg");

      mapping.adviseHugePages(0, BYTES);
      assertThat(flags(mapping)).contains("hg");

      mapping.remapAnonymous(0, BYTES);
      assertThat(flags(mapping)).doesNotContain("hg");
    }
  }

  @Test
  void shouldLieWhereHugePagesFitWhenAligned() {
    for (long bytes : new long[] {4096, BYTES, BYTES + 4096}) {
      try (Mapping first = Mapping.anonymousAligned(bytes);
          Mapping second = Mapping.anonymousAligned(bytes)) {
        assertThat(first.segment().address() % Mapping.HUGE_PAGE_BYTES).isZero();
        second.segment().fill((byte) 1);

        assertThat(first.segment().get(ValueLayout.JAVA_BYTE, bytes - 1)).isZero();
      }
    }
  }

  @Test
  void shouldStayAsItWasWhenNotEnoughHugePagesAreFree() throws Exception {
    assumeTrue(Files.exists(HUGE.resolve("free_hugepages")), "no huge pages");
    long free = Long.parseLong(Files.readString(HUGE.resolve("free_hugepages")).strip());
    long tooMany = (free + 1) * Mapping.HUGE_PAGE_BYTES;
    try (OwnedFd file = OwnedFd.hugeMemory("mapping-test", tooMany);
        Mapping mapping = Mapping.anonymousAligned(tooMany)) {
      mapping.segment().set(ValueLayout.JAVA_BYTE, 4096, (byte) 7);

      assertThatExceptionOfType(ErrnoException.class)
          .isThrownBy(() -> mapping.remapHuge(file.fd()))
          .satisfies(e -> assertThat(e.errno()).isEqualTo(Errno.ENOMEM));

      assertThat(mapping.segment().get(ValueLayout.JAVA_BYTE, 4096)).isEqualTo((byte) 7);
    }
  }

  @Test
  void shouldCountTheFaultsOfAThreadAlikeFromInsideAndOutside() {
    try (Mapping mapping = Mapping.anonymous(BYTES)) {
      FaultCounts before = ThreadSyscalls.faults();

      for (long at = 0; at < BYTES; at += 4096) {
        mapping.segment().set(ValueLayout.JAVA_BYTE, at, (byte) 1);
      }

      FaultCounts inside = ThreadSyscalls.faults();
      FaultCounts outside = ThreadSyscalls.faults(ThreadSyscalls.gettid());
      // Where the kernel gives huge pages unasked, one fault is for 2 MiB.
      assertThat(inside.since(before).minor()).isBetween(2L, BYTES / 4096 + 200);
      assertThat(outside.since(inside).minor()).isBetween(0L, 200L);
    }
  }

  @Test
  void shouldRefuseAdviceBeyondItsEnd() {
    try (Mapping mapping = Mapping.anonymous(BYTES)) {
      assertThatIllegalArgumentException().isThrownBy(() -> mapping.adviseHugePages(4096, BYTES));
    }
  }

  /** The kernel's flags of the area that has the mapping's first byte. */
  private static List<String> flags(Mapping mapping) throws IOException {
    long address = mapping.segment().address();
    boolean inside = false;
    for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
      if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
        String[] ends = line.substring(0, line.indexOf(' ')).split("-");
        inside =
            Long.parseUnsignedLong(ends[0], 16) <= address
                && address < Long.parseUnsignedLong(ends[1], 16);
      } else if (inside && line.startsWith("VmFlags:")) {
        return List.of(line.substring("VmFlags:".length()).strip().split(" "));
      }
    }
    throw new AssertionError("no area has 0x" + Long.toHexString(address));
  }
}
