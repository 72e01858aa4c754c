package dev.rekindle.bench;

import dev.rekindle.vmm.boot.KernelCommandLine;
import dev.rekindle.vmm.machine.KvmHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Boot of a distribution's kernel to its init's first line on the serial port: ours and QEMU's
 * microvm, in turns. Arguments: {@code --kernel FILE}, {@code --json}, {@code --runs N} (10),
 * {@code --memory MIB} (128), {@code --append "ARGUMENTS"} (further ones for the kernel), {@code
 * --busybox FILE} (/bin/busybox), {@code --qemu PROGRAM} (qemu-system-x86_64).
 */
public final class BootBench {
  private static final String FLOOR = "microvm";

  /** As the project's own processes are started. */
  private static final List<String> JVM =
      List.of("--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

  private BootBench() {}

  /**
   * @param args see the class
   * @throws IOException if the initramfs cannot be made
   */
  public static void main(String... args) throws IOException {
    BenchArguments given =
        new BenchArguments(
            Set.of("--json"),
            Set.of("--kernel", "--runs", "--memory", "--append", "--busybox", "--qemu"),
            List.of(args));
    Path kernel =
        given
            .text("--kernel")
            .map(Path::of)
            .orElseThrow(() -> new IllegalArgumentException("--kernel is wanted"));
    String qemu = given.text("--qemu").orElse("qemu-system-x86_64");
    Path folder = Files.createTempDirectory("rekindle-bench-");
    Path initramfs = folder.resolve("initramfs.cpio");
    Path archive = folder.resolve("boot.aot");
    Report report = new Report(given.flag("--json"));
    report.begin(MachineFacts.here(), "start to init, ms: p50, p90, p99, least");
    try (KvmHost host = KvmHost.open()) {
      BootGuest.writeInitramfs(Path.of(given.text("--busybox").orElse("/bin/busybox")), initramfs);
      BootGuest guest =
          new BootGuest(
              kernel,
              initramfs,
              KernelCommandLine.defaults().withAll(given.text("--append").orElse("")),
              given.number("--memory", 128));
      makeCache(archive, guest);
      Map<String, BootWay> ways = new LinkedHashMap<>();
      ways.put(FLOOR, ProcessBoot.microvmTuned(qemu, guest));
      ways.put("process", new WarmBoot(host, guest));
      ways.put("microvm-plain", ProcessBoot.microvm(qemu, guest));
      ways.put("jvm", ProcessBoot.java(JVM, guest));
      ways.put("jvm-aot", ProcessBoot.java(with("-XX:AOTCache=" + archive), guest));
      Map<String, Samples> samples = measure(ways, given.number("--runs", 10));
      samples.forEach((way, own) -> {
        Map<String, Object> line = line(way, guest.memoryMib(), own, samples.get(FLOOR));
        report.print(line, () -> text(line));
      });
    } finally {
      Files.deleteIfExists(initramfs);
      Files.deleteIfExists(archive);
      Files.deleteIfExists(folder);
    }
  }

  private static List<String> with(String option) {
    return Stream.concat(JVM.stream(), Stream.of(option)).toList();
  }

  /** One boot by a JVM that writes what it loaded and linked into a file for the next ones. */
  private static void makeCache(Path archive, BootGuest guest) {
    ProcessBoot.java(with("-XX:AOTCacheOutput=" + archive), guest).bootNanos();
    if (!Files.exists(archive)) {
      throw new IllegalStateException("the JVM wrote no " + archive);
    }
  }

  /** A round not counted, so that files are in the page cache and classes loaded; then in turns. */
  private static Map<String, Samples> measure(Map<String, BootWay> ways, int runs) {
    Map<String, long[]> nanos = new LinkedHashMap<>();
    ways.forEach((name, way) -> {
      way.bootNanos();
      nanos.put(name, new long[runs]);
    });
    for (int run = 0; run < runs; run++) {
      for (Map.Entry<String, BootWay> way : ways.entrySet()) {
        nanos.get(way.getKey())[run] = way.getValue().bootNanos();
      }
    }
    Map<String, Samples> samples = new LinkedHashMap<>();
    nanos.forEach((name, all) ->
        samples.put(name, Samples.ofNanos(all, runs / (Arrays.stream(all).sum() / 1e9))));
    return samples;
  }

  /** One result: times in milliseconds, the floor's beside ours. */
  static Map<String, Object> line(String way, int memoryMib, Samples ours, Samples floor) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "boot");
    line.put("way", way);
    line.put("memoryMib", memoryMib);
    line.put("runs", ours.micros().length);
    putMillis(line, "p", "min", ours);
    putMillis(line, "floorP", "floorMin", floor);
    line.put("ratioP50", Report.round(ours.percentile(50) / floor.percentile(50)));
    line.put("ratioP90", Report.round(ours.percentile(90) / floor.percentile(90)));
    return line;
  }

  private static void putMillis(
      Map<String, Object> line, String percentile, String least, Samples samples) {
    for (int percent : new int[] {50, 90, 99}) {
      line.put(percentile + percent + "Millis", Report.round(samples.percentile(percent) / 1e3));
    }
    line.put(least + "Millis", Report.round(samples.percentile(0) / 1e3));
  }

  static String text(Map<String, Object> line) {
    return String.format(
        Locale.ROOT,
        "%-13s %4d MiB %3d runs   %8.1f %8.1f %8.1f %8.1f   microvm %8.1f %8.1f %8.1f %8.1f"
            + "   ratio p50 %.2f p90 %.2f",
        line.values().stream().skip(1).toArray());
  }
}
