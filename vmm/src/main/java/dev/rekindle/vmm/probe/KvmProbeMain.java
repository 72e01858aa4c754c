package dev.rekindle.vmm.probe;

/** Prints what {@link KvmProbe} finds as one line of JSON, for programs that must not link KVM. */
public final class KvmProbeMain {
  private KvmProbeMain() {}

  /**
   * @param args none
   */
  public static void main(String... args) {
    KvmProbe probe = KvmProbe.run();
    String problem = probe.problem() == null ? "" : probe.problem().replaceAll("[\"\\\\\n]", " ");
    System.out.printf(
        "{\"usable\":%b,\"runsLinux\":%b,\"instructionsPerSecond\":%d,\"problem\":\"%s\"}%n",
        probe.usable(), probe.runsLinux(), probe.instructionsPerSecond(), problem);
  }
}
