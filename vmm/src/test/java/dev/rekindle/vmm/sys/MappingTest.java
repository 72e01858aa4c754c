package dev.rekindle.vmm.sys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class MappingTest {
  private static final long BYTES = 4L << 20;

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
