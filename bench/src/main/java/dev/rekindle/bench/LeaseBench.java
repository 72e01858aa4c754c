package dev.rekindle.bench;

import dev.rekindle.snapshotter.template.BareTemplateMain;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/**
 * Lease and release over HTTP: service, host process and this client on one machine, the guest a
 * small one that answers as a Linux guest's agent does and runs on every /dev/kvm. First the
 * machine's capacity in a closed loop, then an open loop at half of it. Arguments: {@code --json},
 * {@code --seconds N} (10), {@code --connections N} (16), {@code --parked N} (32), {@code --shells
 * N} (16), {@code --rate N} (half of the capacity), {@code --memory MIB} (128).
 */
public final class LeaseBench {
  private static final String TEMPLATE = "bare";

  private final BenchArguments arguments;
  private final Report report;
  private final int seconds;

  private LeaseBench(BenchArguments arguments) {
    this.arguments = arguments;
    report = new Report(arguments.flag("--json"));
    seconds = arguments.number("--seconds", 10);
  }

  /**
   * @param args see the class
   * @throws Exception if the service does not come up
   */
  public static void main(String... args) throws Exception {
    BenchArguments arguments =
        new BenchArguments(
            Set.of("--json"),
            Set.of("--seconds", "--connections", "--parked", "--shells", "--rate", "--memory"),
            List.of(args));
    new LeaseBench(arguments).run();
  }

  private void run() throws Exception {
    report.begin(
        MachineFacts.here(), "acquire and lease+release over HTTP, from when each was due");
    Path state = Files.createTempDirectory("rekindle-bench-lease");
    try {
      ServiceProcess.java(
              state, BareTemplateMain.class, "--name", TEMPLATE, "--memory-mib", memory())
          .waitFor(60, TimeUnit.SECONDS);
      try (ServiceProcess service = ServiceProcess.start(state, "--max-leases", "512");
          LoadClient client =
              new LoadClient(service.port(), TEMPLATE, arguments.number("--connections", 16))) {
        measure(client);
      }
    } finally {
      ServiceProcess.delete(state);
    }
  }

  private String memory() {
    return Integer.toString(arguments.number("--memory", 128));
  }

  private void measure(LoadClient client) throws InterruptedException {
    awaitUp(client);
    JsonObject pool =
        new JsonObject()
            .put("parked", new JsonObject().put("min", arguments.number("--parked", 32)))
            .put("shells", new JsonObject().put("min", arguments.number("--shells", 16)))
            .put("recycle", "always");
    client.call(HttpMethod.PUT, "/v1/pools/" + TEMPLATE, pool);
    awaitFull(client);
    int connections = arguments.number("--connections", 16);
    client.closed(connections, seconds);
    double capacity = client.closed(connections, seconds);
    awaitFull(client);
    double rate = arguments.number("--rate", Math.max(1, (int) (capacity / 2)));
    List<LoadClient.Pair> pairs = client.open(rate, seconds);
    report(capacity, rate, pairs);
    JsonObject host = client.call(HttpMethod.GET, "/v1/status", null).getJsonObject("host");
    memory(host);
  }

  static void awaitUp(LoadClient client) throws InterruptedException {
    for (int i = 0; ; i++) {
      try {
        if (client.call(HttpMethod.GET, "/readyz", null).getBoolean("ready", false)) {
          return;
        }
      } catch (IllegalStateException e) {
        if (i > 300) {
          throw e;
        }
      }
      Thread.sleep(100);
    }
  }

  private static void awaitFull(LoadClient client) throws InterruptedException {
    JsonObject pool = new JsonObject();
    for (int i = 0; i < 600; i++) {
      pool = client.call(HttpMethod.GET, "/v1/pools/" + TEMPLATE, null);
      if (pool.getJsonObject("there").getInteger("parked", 0)
          >= pool.getJsonObject("wanted").getInteger("parked")) {
        return;
      }
      Thread.sleep(100);
    }
    throw new IllegalStateException("the pool did not fill: " + pool.encode());
  }

  private void report(double capacity, double rate, List<LoadClient.Pair> pairs) {
    Map<String, List<LoadClient.Pair>> byServed = new TreeMap<>();
    for (LoadClient.Pair pair : pairs) {
      byServed.computeIfAbsent(pair.served(), _ -> new ArrayList<>()).add(pair);
    }
    byServed.put("all", pairs);
    byServed.forEach((served, of) -> {
      Samples acquire = samples(of, LoadClient.Pair::acquireMicros, rate);
      Samples pair = samples(of, LoadClient.Pair::pairMicros, rate);
      Map<String, Object> line = new LinkedHashMap<>();
      line.put("bench", "lease");
      line.put("served", served);
      line.put("count", of.size());
      line.put("perSecond", Math.round(rate));
      line.put("capacityPerSecond", Math.round(capacity));
      put(line, "acquire", acquire);
      put(line, "pair", pair);
      Map<String, Double> stages = stageMedians(of);
      line.put("stagesP50Micros", stages);
      report.print(
          line,
          () ->
              String.format(
                  Locale.ROOT,
                  "%-7s %6d at %.0f/s of %.0f/s   acquire %7.0f %7.0f %7.0f µs   lease+release"
                      + " %7.0f %7.0f %7.0f µs  (p50, p90, p99)  %s",
                  served,
                  of.size(),
                  rate,
                  capacity,
                  acquire.percentile(50),
                  acquire.percentile(90),
                  acquire.percentile(99),
                  pair.percentile(50),
                  pair.percentile(90),
                  pair.percentile(99),
                  stages));
    });
  }

  private static Map<String, Double> stageMedians(List<LoadClient.Pair> pairs) {
    Map<String, List<Double>> byStage = new LinkedHashMap<>();
    for (LoadClient.Pair pair : pairs) {
      for (String stage : pair.stages().fieldNames()) {
        byStage.computeIfAbsent(stage, _ -> new ArrayList<>()).add(pair.stages().getDouble(stage));
      }
    }
    Map<String, Double> medians = new LinkedHashMap<>();
    byStage.forEach((stage, micros) ->
        medians.put(
            stage, new Samples(micros.stream().mapToDouble(m -> m).toArray(), 0).percentile(50)));
    return medians;
  }

  private static void put(Map<String, Object> line, String what, Samples samples) {
    line.put(what + "P50Micros", Report.round(samples.percentile(50)));
    line.put(what + "P90Micros", Report.round(samples.percentile(90)));
    line.put(what + "P99Micros", Report.round(samples.percentile(99)));
  }

  private static Samples samples(
      List<LoadClient.Pair> pairs, ToDoubleFunction<LoadClient.Pair> what, double rate) {
    return new Samples(pairs.stream().mapToDouble(what).toArray(), rate);
  }

  private void memory(JsonObject host) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "lease-memory");
    for (String field : Arrays.asList("sandboxes", "shells", "parked", "rssBytes", "pssBytes")) {
      line.put(field, host.getLong(field));
    }
    report.print(
        line,
        () ->
            String.format(
                Locale.ROOT,
                "host process: %d MiB resident with %d shells and %d parked",
                host.getLong("rssBytes") >> 20,
                host.getLong("shells"),
                host.getLong("parked")));
  }
}
