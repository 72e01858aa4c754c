package dev.rekindle.bench;

import dev.rekindle.snapshotter.format.HugePages;
import dev.rekindle.snapshotter.restore.RestoreOptions.PrefetchMode;
import dev.rekindle.vmm.machine.KvmHost;
import dev.rekindle.vmm.memory.HugePageSupport;
import dev.rekindle.vmm.sys.Mapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * From a snapshot of a Linux template to the answer of its first request, with and without prefetch
 * of the recorded working set, in pages of each kind: times and faults, in turns. Arguments: {@code
 * --state DIR} with the images of the template prepared, {@code --template base|python} (python),
 * {@code --json}, {@code --runs N} (10).
 */
public final class FaultsBench {
  /** Of what the others are ratios: pages mapped and copied when the guest asks for them. */
  private static final String DEMAND = "demand";

  private static final Path RESERVE = Path.of("/proc/sys/vm/nr_hugepages");

  /**
   * One way of having the memory.
   *
   * @param name in the report
   * @param pages in which pages it lies
   * @param prefetch what is done ahead
   */
  private record MemoryWay(String name, HugePages pages, PrefetchMode prefetch) {}

  private static final List<MemoryWay> WAYS =
      List.of(
          new MemoryWay(DEMAND, HugePages.NONE, PrefetchMode.NONE),
          new MemoryWay("prefetch-host", HugePages.NONE, PrefetchMode.HOST),
          new MemoryWay("prefetch-guest", HugePages.NONE, PrefetchMode.GUEST),
          new MemoryWay("transparent", HugePages.TRANSPARENT, PrefetchMode.NONE),
          new MemoryWay("transparent-prefetch", HugePages.TRANSPARENT, PrefetchMode.GUEST),
          new MemoryWay("hugetlbfs", HugePages.HUGETLBFS, PrefetchMode.NONE),
          new MemoryWay("hugetlbfs-prefetch", HugePages.HUGETLBFS, PrefetchMode.GUEST));

  private FaultsBench() {}

  /**
   * @param args see the class
   * @throws Exception if the template cannot be built or a guest does not answer
   */
  public static void main(String... args) throws Exception {
    BenchArguments given =
        new BenchArguments(
            Set.of("--json"), Set.of("--state", "--template", "--runs"), List.of(args));
    Path images = Path.of(given.text("--state").orElseThrow()).resolve("images");
    Report report = new Report(given.flag("--json"));
    report.begin(MachineFacts.here(), "restore to the first request's answer, medians");
    Path state = Files.createTempDirectory("rekindle-bench-");
    FirstRequestGuest guest =
        FirstRequestGuest.build(given.text("--template").orElse("python"), images, state);
    long reserved = HugePageSupport.reserved();
    List<AutoCloseable> closing = new ArrayList<>();
    try (KvmHost host = KvmHost.open()) {
      Map<MemoryWay, FirstRequestRig> rigs = new LinkedHashMap<>();
      // For the memory of one sandbox, and of the snapshot in each of two ways.
      boolean huge = reserve(3L * guest.memoryMib() / (Mapping.HUGE_PAGE_BYTES >> 20));
      for (MemoryWay way : WAYS) {
        if (way.pages() == HugePages.HUGETLBFS && !huge) {
          System.err.println("without hugetlbfs: no pages of 2 MiB can be reserved here");
          break;
        }
        if (way.pages() == HugePages.TRANSPARENT && !HugePageSupport.isTransparent()) {
          System.err.println("without transparent huge pages: this kernel gives none");
          continue;
        }
        FirstRequestRig rig =
            new FirstRequestRig(host, guest.as(way.pages()), images, guest.argv(), way.prefetch());
        closing.addFirst(rig);
        rigs.put(way, rig);
      }
      measure(rigs, guest, given.number("--runs", 10), report);
      for (AutoCloseable rig : closing) {
        rig.close();
      }
    } finally {
      if (HugePageSupport.reserved() != reserved) {
        Files.writeString(RESERVE, Long.toString(reserved));
      }
      guest.remove();
    }
  }

  private static boolean reserve(long pages) throws IOException {
    if (HugePageSupport.free() < pages && Files.isWritable(RESERVE)) {
      Files.writeString(RESERVE, Long.toString(HugePageSupport.reserved() + pages));
    }
    return HugePageSupport.free() >= pages;
  }

  /** A round not counted, in which snapshots are verified and VMs are built; then in turns. */
  private static void measure(
      Map<MemoryWay, FirstRequestRig> rigs, FirstRequestGuest guest, int runs, Report report)
      throws Exception {
    for (FirstRequestRig rig : rigs.values()) {
      rig.run();
    }
    Map<MemoryWay, List<FirstRequestRun>> all = new LinkedHashMap<>();
    for (int run = 0; run < runs; run++) {
      for (Map.Entry<MemoryWay, FirstRequestRig> rig : rigs.entrySet()) {
        all.computeIfAbsent(rig.getKey(), _ -> new ArrayList<>()).add(rig.getValue().run());
      }
    }
    List<FirstRequestRun> demand = all.values().iterator().next();
    all.forEach((way, own) -> {
      Map<String, Object> line = line(way.name(), guest.template(), own, demand);
      report.print(line, () -> text(line));
    });
  }

  /** One result: medians, and the ratio of the whole to the one without anything done ahead. */
  static Map<String, Object> line(
      String way, String template, List<FirstRequestRun> own, List<FirstRequestRun> demand) {
    Samples micros = samples(own, FirstRequestRun::totalMicros);
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "faults");
    line.put("way", way);
    line.put("template", template);
    line.put("runs", own.size());
    line.put("p50Millis", Report.round(micros.percentile(50) / 1e3));
    line.put("p90Millis", Report.round(micros.percentile(90) / 1e3));
    line.put("leastMillis", Report.round(micros.percentile(0) / 1e3));
    double ratio =
        micros.percentile(50) / samples(demand, FirstRequestRun::totalMicros).percentile(50);
    line.put("ratioToDemand", Report.round(ratio));
    line.put("restoreMillis", Report.round(median(own, FirstRequestRun::restoreMicros) / 1e3));
    line.put("minorFaults", Math.round(median(own, FirstRequestRun::minorFaults)));
    line.put("majorFaults", Math.round(median(own, FirstRequestRun::majorFaults)));
    line.put("ownMib", Report.round(median(own, FirstRequestRun::ownBytes) / (1 << 20)));
    return line;
  }

  private interface Value {
    long of(FirstRequestRun run);
  }

  private static Samples samples(List<FirstRequestRun> runs, Value value) {
    return new Samples(runs.stream().mapToDouble(run -> (double) value.of(run)).toArray(), 0);
  }

  private static double median(List<FirstRequestRun> runs, Value value) {
    return samples(runs, value).percentile(50);
  }

  static String text(Map<String, Object> line) {
    return String.format(
        Locale.ROOT,
        "%-20s %-8s %3d runs   %8.1f ms p50 %8.1f p90 %8.1f least   ratio %.2f   restore %7.1f ms"
            + "   faults %6d minor %3d major   own %6.1f MiB",
        line.values().stream().skip(1).toArray());
  }
}
