package dev.rekindle.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory, pages, swap, disk, descriptors. */
class MemoryChecksTest {
  @TempDir Path root;
  private FakeHost host;

  @BeforeEach
  void make() {
    host = new FakeHost(root);
  }

  private static String told(Check check) {
    Finding finding = check.look();
    assertThat(finding.fix().isEmpty()).isEqualTo(finding.level() == Level.OK);
    return finding.level().word() + " " + finding.found();
  }

  @ParameterizedTest
  @CsvSource({
    "true, 6291456, ok 6.0 GiB available",
    "true, 6291455, warn 5.9 GiB available",
    "true, 3145727, fail 2.9 GiB available",
    "false, 2097152, ok 2.0 GiB available",
    "false, 1048576, warn 1.0 GiB available",
    "false, 1048575, fail 0.9 GiB available"
  })
  void shouldWantMoreMemoryForTheLab(boolean lab, long kib, String told) throws IOException {
    host.with("/proc/meminfo", "MemTotal: 1 kB\nMemAvailable:   " + kib + " kB\n");

    assertThat(told(new MemoryCheck(host.files(), lab))).isEqualTo(told);
  }

  @Test
  void shouldFailWithoutMeminfo() {
    assertThat(told(new MemoryCheck(host.files(), false))).isEqualTo("fail 0.0 GiB available");
  }

  @ParameterizedTest
  @CsvSource({
    "always [madvise] never, ok madvise",
    "[always] madvise never, ok always",
    "always madvise [never], warn never",
    "nonsense, warn the kernel has none"
  })
  void shouldWarnWhereHugePagesAreNeverGiven(String file, String told) throws IOException {
    host.with("/sys/kernel/mm/transparent_hugepage/enabled", file + "\n");

    assertThat(told(new TransparentHugePagesCheck(host.files()))).isEqualTo(told);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, ok none",
    "64, 0, 'ok 64 of 2 MiB, 0 of them free'",
    "64, 64, 'ok 64 of 2 MiB, 64 of them free'",
    "1024, 1024, 'warn 1024 of 2 MiB, 1024 of them free'"
  })
  void shouldWarnOfMemoryReservedForNothing(long total, long free, String told) throws IOException {
    host.with(
        "/proc/meminfo",
        "MemTotal: 4194304 kB\nHugePages_Total:  %d\nHugePages_Free: %d\nHugepagesize: 2048 kB\n"
            .formatted(total, free));

    assertThat(told(new ReservedHugePagesCheck(host.files()))).isEqualTo(told);
  }

  @Test
  void shouldWarnOfSwap() throws IOException {
    SwapCheck check = new SwapCheck(host.files());
    assertThat(told(check)).isEqualTo("ok none");

    host.with("/proc/swaps", "Filename\t\t\tType\t\tSize\t\tUsed\t\tPriority\n");
    assertThat(told(check)).isEqualTo("ok none");

    host.with(
        "/proc/swaps",
        "Filename Type Size Used Priority\n/dev/sda2 partition 2097148 0 -2\n"
            + "/swap\\040file file 1048576 0 -3\n");
    assertThat(told(check)).isEqualTo("warn 3071 MiB in 2 areas");
  }

  @ParameterizedTest
  @CsvSource({"0, ok not running", "1, warn running", "2, ok not running", "x, ok not running"})
  void shouldWarnWhereEqualPagesAreMerged(String run, String told) throws IOException {
    host.with("/sys/kernel/mm/ksm/run", run + "\n");

    assertThat(told(new KsmCheck(host.files()))).isEqualTo(told);
  }

  @ParameterizedTest
  @CsvSource({
    "8589934592, ok 8.0 GiB free for /state",
    "8589934591, warn 7.9 GiB free for /state",
    "2147483648, warn 2.0 GiB free for /state",
    "2147483647, fail 1.9 GiB free for /state"
  })
  void shouldWantRoomOnTheDisk(long free, String told) {
    assertThat(told(new DiskRoomCheck(Path.of("/state"), free))).isEqualTo(told);
  }

  @ParameterizedTest
  @CsvSource({
    "1024, 16384, ok at most 16384",
    "1024, 16383, warn at most 16383",
    "1024, 2047, fail at most 2047",
    "1024, unlimited, ok no limit",
    "1024, , warn unknown"
  })
  void shouldLookAtTheHardLimitOfOpenFiles(String soft, String hard, String told)
      throws IOException {
    host.with(
        "/proc/self/limits",
        """
        Limit                     Soft Limit           Hard Limit           Units
        Max cpu time              unlimited            unlimited            seconds
        Max open files            %s                   %s
        """
            .formatted(soft, hard == null ? "" : hard));

    assertThat(told(new OpenFilesCheck(host.files()))).isEqualTo(told);
  }
}
