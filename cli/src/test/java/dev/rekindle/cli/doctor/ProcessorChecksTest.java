package dev.rekindle.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The processor and its clock. */
class ProcessorChecksTest {
  private static final String FLAWS = "/sys/devices/system/cpu/vulnerabilities/";

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

  @Test
  void shouldWarnOfThreadsThatShareACore() throws IOException {
    SmtCheck check = new SmtCheck(host.files());
    assertThat(told(check)).isEqualTo("ok the kernel knows of none");

    host.with("/sys/devices/system/cpu/smt/active", "0\n");
    assertThat(told(check)).isEqualTo("ok off");

    host.with("/sys/devices/system/cpu/smt/active", "1\n");
    assertThat(told(check)).isEqualTo("warn on");
    assertThat(check.look().fix()).contains("smt/control");
  }

  @Test
  void shouldNameTheFlawsWithoutAMitigation() throws IOException {
    VulnerabilitiesCheck check = new VulnerabilitiesCheck(host.files());
    assertThat(told(check)).isEqualTo("warn the kernel does not say");

    host.with(FLAWS + "meltdown", "Not affected\n").with(FLAWS + "mds", "Mitigation: Clear\n");
    assertThat(told(check)).isEqualTo("ok none of 2 open");

    host.with(FLAWS + "l1tf", "Mitigation: PTE Inversion; VMX: vulnerable\n");
    assertThat(told(check)).isEqualTo("ok none of 3 open");

    host.with(FLAWS + "spectre_v2", "Vulnerable\n").with(FLAWS + "itlb", "KVM: Vulnerable\n");
    assertThat(told(check)).isEqualTo("warn open: itlb, spectre_v2");
  }

  @ParameterizedTest
  @CsvSource({
    "N, Not affected, 'ok N, the processor is not affected'",
    "never, Not affected, 'ok never, the processor is not affected'",
    "Y, Not affected, warn Y on a processor that is not affected",
    "Y, KVM: Mitigation: Split huge pages, 'ok Y, needed here'",
    "N, KVM: Vulnerable, fail N on a processor that is affected",
    "never, KVM: Vulnerable, fail never on a processor that is affected",
    ", KVM: Vulnerable, ok no such setting"
  })
  void shouldFailWhereAGuestCanHangTheHost(String value, String flaw, String told)
      throws IOException {
    host.with(FLAWS + "itlb_multihit", flaw + "\n");
    if (value != null) {
      host.with("/sys/module/kvm/parameters/nx_huge_pages", value + "\n");
    }

    assertThat(told(new NxHugePagesCheck(host.files()))).isEqualTo(told);
  }

  @ParameterizedTest
  @CsvSource({"tsc, ok", "kvm-clock, ok", "hpet, warn", "acpi_pm, warn", "jiffies, warn"})
  void shouldWarnOfAClockThatIsADevice(String source, String level) throws IOException {
    host.with("/sys/devices/system/clocksource/clocksource0/current_clocksource", source + "\n");

    assertThat(told(new ClockSourceCheck(host.files()))).isEqualTo(level + " " + source);
  }

  @Test
  void shouldWarnOfAClockThatCannotBeTold() {
    assertThat(told(new ClockSourceCheck(host.files()))).isEqualTo("warn unknown");
  }
}
