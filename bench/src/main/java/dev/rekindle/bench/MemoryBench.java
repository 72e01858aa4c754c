package dev.rekindle.bench;

import dev.rekindle.vmm.machine.KvmHost;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * What a further live VM costs the host beyond the one page its guest writes, ours beside the
 * floor; and this process, a monitor with nothing around it. Arguments: {@code --json}, {@code
 * --vms N} (32), {@code --memory MIB} (128), {@code --rounds N} (3).
 */
public final class MemoryBench {
  private MemoryBench() {}

  /**
   * @param args see the class
   */
  public static void main(String... args) {
    BenchArguments arguments =
        new BenchArguments(
            Set.of("--json"), Set.of("--vms", "--memory", "--rounds"), List.of(args));
    Report report = new Report(arguments.flag("--json"));
    int vms = arguments.number("--vms", 32);
    int memoryMib = arguments.number("--memory", 128);
    Floor floor = Floor.compiled();
    report.begin(MachineFacts.here(), "KiB for each further live VM, kernel memory included");
    try (KvmHost host = KvmHost.open()) {
      // Once through, so that code, heap and the allocator's pools are there.
      new RestoreRig(host, memoryMib, 2 * vms).close();
      for (int round = 0; round < arguments.number("--rounds", 3); round++) {
        MemoryUse theirs = floor.memory(memoryMib, vms);
        MemoryUse before = MemoryUse.now();
        try (RestoreRig rig = new RestoreRig(host, memoryMib, vms)) {
          MemoryUse ours = MemoryUse.now().each(before, vms);
          print(report, memoryMib, vms, ours, theirs.each(new MemoryUse(0, 0), vms), before);
          assert rig != null;
        }
      }
    }
  }

  private static void print(
      Report report, int memoryMib, int vms, MemoryUse ours, MemoryUse floor, MemoryUse process) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "memory");
    line.put("memoryMib", memoryMib);
    line.put("vms", vms);
    line.put("pssKibPerVm", ours.pssKib());
    line.put("kernelKibPerVm", ours.kernelKib());
    line.put("floorPssKibPerVm", floor.pssKib());
    line.put("floorKernelKibPerVm", floor.kernelKib());
    line.put("beyondFloorKibPerVm", ours.totalKib() - floor.totalKib());
    line.put("processPssKib", process.pssKib());
    report.print(
        line,
        () ->
            String.format(
                Locale.ROOT,
                "%d VMs of %d MiB: process %d, kernel %d; floor: process %d, kernel %d; beyond the"
                    + " floor %d. The process without VMs: %d",
                vms,
                memoryMib,
                ours.pssKib(),
                ours.kernelKib(),
                floor.pssKib(),
                floor.kernelKib(),
                ours.totalKib() - floor.totalKib(),
                process.pssKib()));
  }
}
