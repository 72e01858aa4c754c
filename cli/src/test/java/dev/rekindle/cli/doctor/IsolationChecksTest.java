package dev.rekindle.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** KVM and what keeps a host process apart. */
class IsolationChecksTest {
  @TempDir Path root;
  private FakeHost host;

  @BeforeEach
  void make() {
    host = new FakeHost(root);
  }

  private static void assertFound(Check check, Level level, String found, String fix) {
    Finding finding = check.look();

    assertThat(finding.level()).as(finding.toString()).isEqualTo(level);
    assertThat(finding.found()).contains(found);
    assertThat(finding.fix()).contains(fix);
    assertThat(finding.fix().isEmpty()).isEqualTo(level == Level.OK);
    assertThat(finding.why()).isNotBlank();
    assertThat(finding.check()).matches("[a-z-]+");
  }

  @Test
  void shouldTellWhatKvmIsWorth() {
    KvmFacts hardware = new KvmFacts(true, true, 900_000_000, "");
    KvmFacts emulated = new KvmFacts(true, false, 2_000_000, "");
    KvmFacts none = new KvmFacts(false, false, 0, "open(/dev/kvm): ENOENT");

    assertFound(new KvmCheck(hardware), Level.OK, "runs guests", "");
    assertFound(new KvmNativeCheck(hardware), Level.OK, "900 million", "");
    assertFound(new KvmCheck(emulated), Level.OK, "runs guests", "");
    assertFound(new KvmNativeCheck(emulated), Level.WARN, "2 million", "VMX or SVM");
    assertFound(new KvmCheck(none), Level.WARN, "ENOENT", "modprobe");
    assertFound(new KvmNativeCheck(none), Level.WARN, "no guest ran", "VMX or SVM");
  }

  @Test
  void shouldWantAllControllersOfCgroupTwo() throws IOException {
    assertFound(new CgroupCheck(host.files()), Level.WARN, "not mounted", "mount cgroup2");
    host.withFolder("/sys/fs/cgroup/memory");
    assertFound(new CgroupCheck(host.files()), Level.WARN, "v1", "unified_cgroup_hierarchy");
    host.with("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu memory pids\n");
    assertFound(new CgroupCheck(host.files()), Level.WARN, "without io", "controllers");
    host.with("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n");
    assertFound(new CgroupCheck(host.files()), Level.OK, "v2 with cpu", "");
  }

  @Test
  void shouldWantACgroupOfItsOwn() throws IOException {
    CgroupDelegationCheck check = new CgroupDelegationCheck(host.files());
    assertFound(check, Level.WARN, "no cgroup v2", "see cgroup");

    host.with("/sys/fs/cgroup/cgroup.controllers", "cpu io memory pids\n");
    host.with("/proc/self/cgroup", "9:pids:/old\n0::/user.slice/ada\n");
    assertFound(check, Level.WARN, "/user.slice/ada belongs to another user", "Delegate=yes");

    host.with("/sys/fs/cgroup/user.slice/ada/cgroup.controllers", "memory pids\n");
    assertFound(check, Level.WARN, "lacks cpu, io", "subtree_control");

    host.with("/sys/fs/cgroup/user.slice/ada/cgroup.controllers", "cpu io memory pids\n");
    assertFound(check, Level.OK, "/user.slice/ada is ours", "");

    host.with("/proc/self/cgroup", "0::/\n");
    assertFound(check, Level.OK, "/ is ours", "");
  }

  @Test
  void shouldFailWhereAUserMayMakeNoNamespaces() throws IOException {
    Check user = new UserNamespacesCheck(host.files(), false);
    Check rootUser = new UserNamespacesCheck(host.files(), true);
    assertFound(user, Level.FAIL, "the kernel has none", "CONFIG_USER_NS");
    assertFound(rootUser, Level.WARN, "the kernel has none", "CONFIG_USER_NS");

    host.with("/proc/self/ns/user", "");
    assertFound(user, Level.OK, "allowed", "");

    host.with("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1\n");
    assertFound(
        user,
        Level.FAIL,
        "apparmor_restrict_unprivileged_userns = 1",
        "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0");
    host.with("/proc/sys/kernel/unprivileged_userns_clone", "0\n");
    assertFound(user, Level.FAIL, "= 0", "sysctl -w kernel.unprivileged_userns_clone=1");
    host.with("/proc/sys/user/max_user_namespaces", "0\n");
    assertFound(user, Level.FAIL, "= 0", "sysctl -w user.max_user_namespaces=65536");
    assertFound(rootUser, Level.OK, "root needs none", "");
  }

  @Test
  void shouldWarnWithoutAJail() throws IOException {
    assertFound(new BubblewrapCheck(host.files()), Level.WARN, "missing", "apt-get install");
    host.withProgram("/usr/bin/bwrap");
    assertFound(new BubblewrapCheck(host.files()), Level.OK, "there", "");
  }

  @Test
  void shouldTellWhoMayUseUserfaultfd() throws IOException {
    Check user = new UserfaultfdCheck(host.files(), false);
    assertFound(user, Level.WARN, "none", "CONFIG_USERFAULTFD");

    host.with("/proc/sys/vm/unprivileged_userfaultfd", "0\n");
    assertFound(user, Level.WARN, "for root alone", "vm.unprivileged_userfaultfd=1");
    assertFound(new UserfaultfdCheck(host.files(), true), Level.OK, "as root", "");

    host.with("/proc/sys/vm/unprivileged_userfaultfd", "1\n");
    assertFound(user, Level.OK, "for everybody", "");

    host.with("/dev/userfaultfd", "");
    assertFound(user, Level.OK, "/dev/userfaultfd", "");
  }
}
