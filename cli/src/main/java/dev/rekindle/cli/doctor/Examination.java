package dev.rekindle.cli.doctor;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** All checks of a host. */
public final class Examination {
  private final List<Check> checks;

  /**
   * @param host its files
   * @param kvm what the probe said of its KVM
   * @param root whether this user is root
   * @param home the checkout
   * @param state the service's state directory, there or not
   * @throws IOException if the room on the state directory's disk cannot be told
   */
  public Examination(HostFiles host, KvmFacts kvm, boolean root, Path home, Path state)
      throws IOException {
    boolean lab = !kvm.runsLinux();
    checks =
        List.of(
            new KvmCheck(kvm),
            new KvmNativeCheck(kvm),
            new LabCheck(host, lab, root),
            new CgroupCheck(host),
            new CgroupDelegationCheck(host),
            new UserNamespacesCheck(host, root),
            new BubblewrapCheck(host),
            new UserfaultfdCheck(host, root),
            new MemoryCheck(host, lab),
            new TransparentHugePagesCheck(host),
            new ReservedHugePagesCheck(host),
            new SwapCheck(host),
            new KsmCheck(host),
            new SmtCheck(host),
            new VulnerabilitiesCheck(host),
            new NxHugePagesCheck(host),
            new DiskRoomCheck(state, freeBytes(state)),
            new OpenFilesCheck(host),
            new ClockSourceCheck(host),
            new JdkCheck(Path.of(System.getProperty("java.home")), Runtime.version().feature()),
            new PackagesCheck(host, home.resolve("scripts/debian-packages.txt")));
  }

  private static long freeBytes(Path state) throws IOException {
    Path there = state;
    while (!Files.exists(there)) {
      there = there.getParent();
    }
    return Files.getFileStore(there).getUsableSpace();
  }

  /**
   * @return what each found, in a stable order
   */
  public List<Finding> findings() {
    return checks.stream().map(Check::look).toList();
  }
}
