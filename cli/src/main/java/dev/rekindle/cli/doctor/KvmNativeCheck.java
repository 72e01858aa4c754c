package dev.rekindle.cli.doctor;

/** Whether guest instructions run on the processor itself. */
record KvmNativeCheck(KvmFacts kvm) implements Check {
  @Override
  public String name() {
    return "kvm-native";
  }

  @Override
  public String why() {
    return "a KVM that emulates guest instructions is a thousand times slower and stops at a Linux"
        + " kernel's first unusual one; there Linux guests run in the lab";
  }

  @Override
  public Finding look() {
    String found = kvm.instructionsPerSecond() / 1_000_000 + " million guest instructions a second";
    return kvm.runsLinux()
        ? ok(found)
        : warn(
            kvm.usable() ? found : "no guest ran",
            "take a host with VMX or SVM; until then the service runs in the lab, whose times say"
                + " nothing of a real host");
  }
}
