package dev.rekindle.bench;

import dev.rekindle.vmm.machine.KvmHost;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Restore of an assembler guest to its first I/O exit, in process: the floor and ours, alternating,
 * for each memory size and number of live VMs. Arguments: {@code --json}, {@code --runs N} (100),
 * {@code --memory MIB,..} (128,512,2048), {@code --live VMS,..} (4,64,256), {@code --rounds N} (2),
 * {@code --distribution FILE}: every percentile as CSV.
 */
public final class RestoreBench {
  private final BenchArguments arguments;
  private final Report report;
  private final Floor floor = Floor.compiled();
  private final Optional<Distribution> distribution;
  private final int runs;

  private RestoreBench(BenchArguments arguments) {
    this.arguments = arguments;
    report = new Report(arguments.flag("--json"));
    distribution = arguments.text("--distribution").map(Path::of).map(Distribution::new);
    runs = arguments.number("--runs", 100);
  }

  private Map<Way, Samples> ours(RestoreRig rig) {
    Map<Way, Samples> ways = new EnumMap<>(Way.class);
    ways.put(Way.FRESH, rig.fresh(runs));
    ways.put(Way.SHELL, rig.shells(Math.min(runs, 64)));
    ways.put(Way.RECYCLE, rig.recycle(runs * 20, 1));
    ways.put(Way.RECYCLE_PARALLEL, rig.recycle(runs * 20, 2));
    ways.put(Way.RECYCLE_ASKED, rig.recycleAsked(runs * 5));
    return ways;
  }

  private void measure(KvmHost host, int memoryMib, int liveVms) {
    Map<Way, Samples> ours = new EnumMap<>(Way.class);
    Map<Way, Samples> theirs = new EnumMap<>(Way.class);
    for (int round = 0; round < arguments.number("--rounds", 2); round++) {
      floor.measure(runs, memoryMib, liveVms).forEach((w, s) -> theirs.merge(w, s, Samples::and));
      try (RestoreRig rig = new RestoreRig(host, memoryMib, liveVms)) {
        ours(rig).forEach((w, s) -> ours.merge(w, s, Samples::and));
      }
    }
    ours.forEach(
        (way, samples) -> report(way, memoryMib, liveVms, samples, theirs.get(way.floor())));
  }

  private void report(Way way, int memoryMib, int liveVms, Samples ours, Samples floor) {
    distribution.ifPresent(file -> {
      file.add("ours", way, memoryMib, liveVms, ours);
      file.add("floor", way, memoryMib, liveVms, floor);
    });
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "restore");
    line.put("way", way.label());
    line.put("memoryMib", memoryMib);
    line.put("liveVms", liveVms);
    line.put("threads", way.threads());
    line.put("runs", ours.micros().length);
    line.put("p50Micros", Report.round(ours.percentile(50)));
    line.put("p90Micros", Report.round(ours.percentile(90)));
    line.put("p99Micros", Report.round(ours.percentile(99)));
    line.put("perSecond", Math.round(ours.perSecond()));
    line.put("floorP50Micros", Report.round(floor.percentile(50)));
    line.put("floorP90Micros", Report.round(floor.percentile(90)));
    line.put("floorP99Micros", Report.round(floor.percentile(99)));
    line.put("floorPerSecond", Math.round(floor.perSecond()));
    line.put("ratioP50", Report.round(ours.percentile(50) / floor.percentile(50)));
    line.put("ratioP99", Report.round(ours.percentile(99) / floor.percentile(99)));
    line.put("ratioPerSecond", Report.round(ours.perSecond() / floor.perSecond()));
    report.print(
        line,
        () ->
            String.format(
                Locale.ROOT,
                "%-13s %4d MiB %3d VMs %d thr   ours %7.1f %7.1f %7.1f µs %6.0f/s   "
                    + "floor %7.1f %7.1f %7.1f µs %6.0f/s   ratio p50 %.2f p99 %.2f rate %.2f",
                way.label(),
                memoryMib,
                liveVms,
                way.threads(),
                ours.percentile(50),
                ours.percentile(90),
                ours.percentile(99),
                ours.perSecond(),
                floor.percentile(50),
                floor.percentile(90),
                floor.percentile(99),
                floor.perSecond(),
                ours.percentile(50) / floor.percentile(50),
                ours.percentile(99) / floor.percentile(99),
                ours.perSecond() / floor.perSecond()));
  }

  /** A host process serves for days: its code is compiled by the time it is measured. */
  private void warmUp(KvmHost host) {
    try (RestoreRig rig = new RestoreRig(host, 128, 0)) {
      rig.recycle(30_000, 1);
      rig.recycleAsked(5_000);
      rig.fresh(400);
    }
  }

  /**
   * @param args see the class
   */
  public static void main(String... args) {
    BenchArguments arguments =
        new BenchArguments(
            Set.of("--json"),
            Set.of("--runs", "--memory", "--live", "--rounds", "--distribution"),
            List.of(args));
    RestoreBench bench = new RestoreBench(arguments);
    bench.report.begin(
        MachineFacts.here(),
        "p50, p90 and p99 of the time to the guest's first exit; the floor is C");
    try (KvmHost host = KvmHost.open()) {
      bench.warmUp(host);
      for (int memoryMib : arguments.numbers("--memory", 128, 512, 2048)) {
        for (int liveVms : arguments.numbers("--live", 4, 64, 256)) {
          bench.measure(host, memoryMib, liveVms);
        }
      }
    }
  }
}
