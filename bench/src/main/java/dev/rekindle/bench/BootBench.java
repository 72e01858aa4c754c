package dev.rekindle.bench;

import dev.rekindle.vmm.boot.KernelCommandLine;
import dev.rekindle.vmm.machine.KvmHost;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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
    boolean json = given.flag("--json");
    Path folder = Files.createTempDirectory("rekindle-bench-");
    Path initramfs = folder.resolve("initramfs.cpio");
    Path archive = folder.resolve("boot.aot");
    MachineFacts facts = MachineFacts.here();
    System.out.println(json ? facts.json() : facts.text());
    try (KvmHost host = KvmHost.open()) {
      BootGuest.writeInitramfs(Path.of(given.text("--busybox").orElse("/bin/busybox")), initramfs);
      BootGuest guest =
          new BootGuest(
              Path.of(
                  given
                      .text("--kernel")
                      .orElseThrow(() -> new IllegalArgumentException("--kernel is wanted"))),
              initramfs,
              KernelCommandLine.defaults().withAll(given.text("--append").orElse("")),
              given.number("--memory", 128));
      Map<String, BootWay> ways = new LinkedHashMap<>();
      String qemu = given.text("--qemu").orElse("qemu-system-x86_64");
      ways.put(FLOOR, ProcessBoot.microvmTuned(qemu, guest));
      ways.put("process", new WarmBoot(host, guest));
      ways.put("microvm-plain", ProcessBoot.microvm(qemu, guest));
      ways.put("jvm", ProcessBoot.java(JVM, guest));
      ways.put("jvm-aot", ProcessBoot.java(withCache(archive), guest));
      makeCache(archive, guest);
      report(measure(ways, given.number("--runs", 10)), guest, json);
    } finally {
      Files.deleteIfExists(initramfs);
      Files.deleteIfExists(archive);
      Files.deleteIfExists(folder);
    }
  }

  private static List<String> withCache(Path archive) {
    return Stream.concat(JVM.stream(), Stream.of("-XX:AOTCache=" + archive)).toList();
  }

  /** One boot by a JVM that writes what it loaded and linked into a file for the next ones. */
  private static void makeCache(Path archive, BootGuest guest) {
    List<String> options =
        Stream.concat(JVM.stream(), Stream.of("-XX:AOTCacheOutput=" + archive)).toList();
    ProcessBoot.java(options, guest).bootNanos();
    if (!Files.exists(archive)) {
      throw new IllegalStateException("the JVM wrote no " + archive);
    }
  }

  /** A round not counted, so that files are in the page cache and classes loaded; then in turns. */
  private static Map<String, Times> measure(Map<String, BootWay> ways, int runs) {
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
    Map<String, Times> times = new LinkedHashMap<>();
    nanos.forEach((name, all) -> times.put(name, new Times(all)));
    return times;
  }

  private static void report(Map<String, Times> times, BootGuest guest, boolean json) {
    Times floor = times.get(FLOOR);
    times.forEach((way, own) -> System.out.println(line(way, own, floor, guest.memoryMib(), json)));
  }

  static String line(String way, Times own, Times floor, int memoryMib, boolean json) {
    return String.format(
        Locale.ROOT,
        json
            ? "{\"way\":\"%s\",\"memoryMib\":%d,\"runs\":%d,\"p50Millis\":%.1f,\"p99Millis\":%.1f,"
                + "\"minMillis\":%.1f,\"floorP50Millis\":%.1f,\"floorP99Millis\":%.1f,"
                + "\"floorMinMillis\":%.1f,\"ratioP50\":%.3f}"
            : "%-13s %4d MiB %3d runs  p50 %8.1f ms  p99 %8.1f ms  min %8.1f ms   microvm: p50"
                + " %8.1f ms  p99 %8.1f ms  min %8.1f ms   p50 ratio %.3f",
        way,
        memoryMib,
        own.count(),
        own.millis(50),
        own.millis(99),
        own.minMillis(),
        floor.millis(50),
        floor.millis(99),
        floor.minMillis(),
        own.millis(50) / floor.millis(50));
  }
}
