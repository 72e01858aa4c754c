package dev.rekindle.bench.soak;

import dev.rekindle.bench.BenchArguments;
import dev.rekindle.bench.MachineFacts;
import dev.rekindle.bench.Report;
import dev.rekindle.snapshotter.template.BareTemplate;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * Leases at a steady rate while processes are killed, and what is left of it. Arguments: {@code
 * --json}, {@code --seconds N} (600), {@code --rate N} leases a second (4), {@code --fault-seconds
 * N} mean time between faults (8), {@code --seed N} (of the clock). Exit code 1 if a lease failed
 * without a code, was held by two or outlived its deadline, or anything is left over.
 */
public final class SoakBench {
  private static final String TEMPLATE = "bare";
  private static final int MEMORY_MIB = 16;
  private static final String POOL =
      "{\"parked\":{\"min\":4,\"max\":4},\"shells\":{\"min\":2,\"max\":2},\"recycle\":\"always\"}";
  private static final int MAX_AT_ONCE = 48;
  private static final long LONGEST_HOLD_MILLIS = 3_000;
  private static final int EXPIRING_PERCENT = 20;
  private static final int CALM_SECONDS = 60;
  private static final int PROGRESS_SECONDS = 30;

  private final Report report;
  private final int seconds;
  private final int perSecond;
  private final int faultSeconds;
  private final long seed;
  private final boolean alone = "1".equals(System.getenv("REKINDLE_IN_LAB"));
  private final String mark = "REKINDLE_SOAK=" + UUID.randomUUID();
  private final FaultLog faults = new FaultLog(System::nanoTime);
  private final Ledger ledger = new Ledger();
  private final Path work;
  private final Path state;
  private final Path temporary;

  private SoakBench(BenchArguments arguments) throws IOException {
    report = new Report(arguments.flag("--json"));
    seconds = arguments.number("--seconds", 600);
    perSecond = arguments.number("--rate", 4);
    faultSeconds = arguments.number("--fault-seconds", 8);
    seed = arguments.number("--seed", (int) (System.currentTimeMillis() / 1000 % 999_999_999));
    // The lab's root is in memory, which is to be counted; its disk is here.
    work =
        alone
            ? Files.createTempDirectory(Path.of("/var/lib/rekindle"), "soak")
            : Files.createTempDirectory("rekindle-soak");
    state = Files.createDirectories(work.resolve("state"));
    temporary = Files.createDirectories(work.resolve("tmp"));
    Files.createDirectories(state.resolve("logs"));
  }

  /**
   * @param args see the class
   * @throws Exception if the service does not come up
   */
  public static void main(String... args) throws Exception {
    BenchArguments arguments =
        new BenchArguments(
            Set.of("--json"),
            Set.of("--seconds", "--rate", "--fault-seconds", "--seed"),
            List.of(args));
    System.exit(new SoakBench(arguments).run() ? 0 : 1);
  }

  private boolean run() throws Exception {
    report.begin(MachineFacts.here(), "leases at a steady rate while processes are killed");
    BareTemplate.build(state, TEMPLATE, MEMORY_MIB, (_, _, _) -> {});
    int port = freePort();
    SoakProcesses processes = new SoakProcesses(Path.of("/proc"), mark, state);
    MachineCensus census =
        new MachineCensus(Path.of("/"), processes, state, temporary, port, alone);
    SoakService service = null;
    try (HttpApi api = new HttpApi(port)) {
      service = new SoakService(options(), state, port, environment(), api);
      Builds builds = new Builds(api, Files.createDirectories(work.resolve("builds")));
      calmRun(service, api, builds);
      Holdings before = settled(census, null);
      service.start();
      load(service, api, builds, processes);
      say("the load is over");
      service.stop();
      return report(before, settled(census, before));
    } finally {
      if (service != null) {
        service.end();
      }
      processes
          .all()
          .forEach(p -> ProcessHandle.of(p.pid()).ifPresent(ProcessHandle::destroyForcibly));
      delete(work);
    }
  }

  private static List<String> options() {
    return List.of(
        "@scripts/service.jvmargs",
        "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1",
        "-Xmx256m",
        "-XX:-UsePerfData");
  }

  /** Inherited by all that the service starts, as far as a jail lets it through. */
  private Map<String, String> environment() {
    String[] pair = mark.split("=");
    return Map.of(
        pair[0],
        pair[1],
        "TMPDIR",
        temporary.toString(),
        "JDK_JAVA_OPTIONS",
        "-Djava.io.tmpdir=" + temporary);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static void say(String text) {
    System.err.println("soak: " + text);
  }

  /** The same without faults, so that what stays for good is there before anything is counted. */
  private void calmRun(SoakService service, HttpApi api, Builds builds)
      throws IOException, InterruptedException {
    service.start();
    if (!(api.call(Call.of("PUT", "/v1/pools/" + TEMPLATE, POOL)) instanceof Answer.Done)) {
      throw new IOException("the pool was refused");
    }
    Ledger calm = new Ledger();
    for (boolean expires : new boolean[] {false, false, true}) {
      new LeaseRun(
              api, InstantSource.system(), faults, calm, TEMPLATE, new LeaseRun.Plan(200, expires))
          .run();
    }
    if (calm.counts().worked() != 3) {
      throw new IOException("without any fault: " + calm.counts() + " " + calm.notes());
    }
    say("without a fault 3 leases worked; a build ends with " + builds.run(0));
    service.stop();
  }

  private void load(SoakService service, HttpApi api, Builds builds, SoakProcesses processes)
      throws Exception {
    Random random = new Random(seed);
    long began = System.nanoTime();
    long end = began + TimeUnit.SECONDS.toNanos(seconds);
    Semaphore places = new Semaphore(MAX_AT_ONCE);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Faults chaos =
          new Faults(
              faults,
              ledger,
              processes,
              service,
              builds,
              threads,
              new Random(random.nextLong()),
              faultSeconds);
      var faulting =
          threads.submit(() -> {
            chaos.until(end);
            return null;
          });
      long next = PROGRESS_SECONDS;
      for (int i = 0; i < (long) seconds * perSecond && !faulting.isDone(); i++) {
        long due = began + (long) i * 1_000_000_000L / perSecond;
        TimeUnit.NANOSECONDS.sleep(Math.max(0, due - System.nanoTime()));
        boolean expires = random.nextInt(100) < EXPIRING_PERCENT;
        LeaseRun.Plan plan = new LeaseRun.Plan(random.nextLong(LONGEST_HOLD_MILLIS) + 1, expires);
        if (places.tryAcquire()) {
          LeaseRun run = new LeaseRun(api, InstantSource.system(), faults, ledger, TEMPLATE, plan);
          threads.submit(() -> {
            try {
              run.run();
            } finally {
              places.release();
            }
          });
        } else {
          ledger.skipped();
        }
        if ((System.nanoTime() - began) / 1_000_000_000L >= next) {
          say(next + " s: " + ledger.counts() + " " + faults.counts());
          next += PROGRESS_SECONDS;
        }
      }
      // Whether the faults themselves went wrong: a service that did not come back ends the run.
      faulting.get();
    }
  }

  /** Counts until nothing is more than before, or for so long. */
  private Holdings settled(MachineCensus census, Holdings before) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(CALM_SECONDS);
    while (true) {
      dropCaches();
      Holdings now = census.take();
      boolean calm =
          before == null
              ? now.names().get("process").isEmpty()
              : isNothing(now.beyond(before)) && now.memoryMibBeyond(before, alone) == 0;
      if (calm || System.nanoTime() - deadline > 0) {
        return now;
      }
      Thread.sleep(500);
    }
  }

  private static boolean isNothing(Map<String, List<String>> more) {
    return more.values().stream().allMatch(List::isEmpty);
  }

  /** Only where nobody else would suffer. */
  private void dropCaches() throws IOException, InterruptedException {
    if (alone) {
      new ProcessBuilder("sync").start().waitFor();
      Files.writeString(Path.of("/proc/sys/vm/drop_caches"), "3");
    }
  }

  private boolean report(Holdings before, Holdings after) {
    Map<String, List<String>> more = after.beyond(before);
    Map<String, Object> leftOver = new LinkedHashMap<>();
    more.forEach((kind, names) -> leftOver.put(kind, names.size()));
    leftOver.put(Holdings.MEMORY, after.memoryMibBeyond(before, alone));
    Ledger.Counts counts = ledger.counts();
    Map<String, Object> detail = new LinkedHashMap<>();
    detail.put("bench", "soak-detail");
    detail.put("seconds", seconds);
    detail.put("perSecond", perSecond);
    detail.put("seed", seed);
    detail.put("worked", counts.worked());
    detail.put("throughServiceKill", counts.survived());
    detail.put("skipped", counts.skipped());
    detail.put("typed", counts.typed());
    detail.put("latestEndMillis", counts.latestEndMillis());
    detail.put("faults", faults.counts());
    detail.put("availableKib", List.of(before.availableKib(), after.availableKib()));
    detail.put("slabKib", List.of(before.slabKib(), after.slabKib()));
    detail.put("leftOverNames", more);
    detail.put("notes", ledger.notes());
    report.print(detail, detail::toString);
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "soak");
    line.put("leases", counts.leases());
    line.put("failedTyped", counts.failedTyped());
    line.put("failedUntyped", counts.failedUntyped());
    line.put("heldByTwo", counts.heldByTwo());
    line.put("outlived", counts.outlived());
    line.put("kills", faults.kills());
    line.put("leftOver", leftOver);
    report.print(line, line::toString);
    return counts.failedUntyped() + counts.heldByTwo() + counts.outlived() == 0
        && leftOver.values().stream().allMatch(n -> ((Number) n).longValue() == 0);
  }

  private static void delete(Path directory) throws IOException {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
