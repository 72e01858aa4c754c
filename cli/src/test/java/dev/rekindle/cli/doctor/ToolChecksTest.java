package dev.rekindle.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** JDK, packages, and the lab's programs; and all checks together. */
class ToolChecksTest {
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
  void shouldWantAJdkWithACompiler() throws IOException {
    Path jdk = root.resolve("jdk");

    assertThat(told(new JdkCheck(jdk, 24))).isEqualTo("fail 24 in " + jdk);
    assertThat(told(new JdkCheck(jdk, 25))).isEqualTo("fail 25 in " + jdk + ", without a compiler");
    host.withProgram("/jdk/bin/javac");
    assertThat(told(new JdkCheck(jdk, 25))).isEqualTo("ok 25 in " + jdk);
    assertThat(told(new JdkCheck(jdk, 24))).isEqualTo("fail 24 in " + jdk);
  }

  @Test
  void shouldNameThePackagesThatAreMissing() throws IOException {
    PackagesCheck check = new PackagesCheck(host.files(), root.resolve("packages.txt"));
    assertThat(told(check)).startsWith("fail no list");

    host.with("/packages.txt", "# images\ngcc\nsocat # the lab\n\ncpio\n");
    assertThat(told(check)).isEqualTo("warn this is no Debian");
    assertThat(check.look().fix()).endsWith("gcc socat cpio");

    host.with(
        "/var/lib/dpkg/status",
        """
        Package: gcc
        Status: install ok installed
        Description: gr\u00fc\u00df

        Package: socat
        Status: deinstall ok config-files

        Package: cpio-doc
        Status: install ok installed
        """);
    assertThat(told(check)).isEqualTo("fail missing: socat cpio");
    assertThat(check.look().fix()).isEqualTo("apt-get install --no-install-recommends socat cpio");

    host.with("/packages.txt", "gcc\n");
    assertThat(told(check)).isEqualTo("ok all 1 there");
  }

  @Test
  void shouldWantTheLabOnlyWhereItIsNeeded() throws IOException {
    assertThat(told(new LabCheck(host.files(), true, true)))
        .isEqualTo("fail missing: qemu-system-x86_64, busybox, cpio, mke2fs, socat, virtiofsd");
    assertThat(told(new LabCheck(host.files(), false, true))).startsWith("warn missing");

    for (String program : List.of("qemu-system-x86_64", "busybox", "cpio", "socat")) {
      host.withProgram("/usr/bin/" + program);
    }
    host.withProgram("/usr/sbin/mke2fs").withProgram("/usr/lib/qemu/virtiofsd");
    assertThat(told(new LabCheck(host.files(), true, true))).isEqualTo("ok there");
    assertThat(told(new LabCheck(host.files(), true, false))).startsWith("fail there, but only");
    assertThat(told(new LabCheck(host.files(), false, false))).isEqualTo("ok there, not needed");
  }

  @Test
  void shouldLookAtEverythingWhereThereIsNothing() throws IOException {
    KvmFacts none = new KvmFacts(false, false, 0, "");
    Examination examination =
        new Examination(host.files(), none, false, root, root.resolve("not/there"));

    List<Finding> findings = examination.findings();

    assertThat(findings).extracting(Finding::check).doesNotHaveDuplicates().hasSize(21);
    assertThat(findings)
        .filteredOn(f -> f.level() == Level.FAIL)
        .extracting(Finding::check)
        .contains("lab", "user-namespaces", "memory", "packages");
  }
}
