package dev.rekindle.cli.doctor;

/** Whether a guest runs on /dev/kvm at all. */
record KvmCheck(KvmFacts kvm) implements Check {
  @Override
  public String name() {
    return "kvm";
  }

  @Override
  public String why() {
    return "every sandbox is a KVM virtual machine; without /dev/kvm they run in the lab";
  }

  @Override
  public Finding look() {
    return kvm.usable()
        ? ok("runs guests")
        : warn(
            kvm.problem().isEmpty() ? "no guest ran" : kvm.problem(),
            "modprobe kvm_intel or kvm_amd, join the group kvm, switch on virtualization in the"
                + " firmware or nested virtualization in the cloud");
  }
}
