package dev.rekindle.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * From the request for a lease to the answer of {@code python3 -c 'print(1)'} in a Linux guest:
 * from a parked sandbox that has run it before, from a snapshot restored for the lease, and from a
 * boot, which is what a build does until its warm-up has answered. Over HTTP, parked and restored
 * in turns. Arguments: {@code --state DIR} with the images of {@code python} prepared, {@code
 * --json}, {@code --runs N} (20), {@code --boots N} (3).
 */
public final class PythonBench {
  private static final JsonMapper JSON = new JsonMapper();
  private static final String PARKED = "python";
  private static final String RESTORED = "python-restored";
  private static final List<String> ARGV = List.of("python3", "-c", "print(1)");
  private static final int READY_TRIES = 1_200;

  private final BenchArguments arguments;
  private final Report report;
  private final HttpClient http = HttpClient.newHttpClient();

  private PythonBench(BenchArguments arguments) {
    this.arguments = arguments;
    report = new Report(arguments.flag("--json"));
  }

  /**
   * @param args see the class
   * @throws Exception if the service does not come up or a step fails
   */
  public static void main(String... args) throws Exception {
    new PythonBench(
            new BenchArguments(
                Set.of("--json"), Set.of("--state", "--runs", "--boots"), List.of(args)))
        .run();
  }

  private void run() throws Exception {
    report.begin(
        MachineFacts.here(), "from the request for a lease to the answer of python3, milliseconds");
    Path state = Path.of(arguments.text("--state").orElseThrow());
    try (ServiceProcess service = ServiceProcess.start(state);
        LoadClient client = new LoadClient(service.port(), PARKED, 1)) {
      LeaseBench.awaitUp(client);
      measure(service.port(), client);
    }
  }

  private void measure(int port, LoadClient client) throws Exception {
    List<Double> boots = new ArrayList<>();
    JsonNode recipe = build(port, PARKED, null, new ArrayList<>());
    build(port, PARKED, recipe, boots);
    do {
      build(port, RESTORED, recipe, boots);
    } while (boots.size() < arguments.number("--boots", 3));
    client.call(
        HttpMethod.PUT,
        "/v1/pools/" + PARKED,
        new JsonObject()
            .put("parked", new JsonObject().put("min", 1))
            .put("warmUp", new JsonArray(ARGV)));
    List<Double> parked = new ArrayList<>();
    List<Double> restored = new ArrayList<>();
    answer(client, RESTORED, "shell");
    for (int i = 0; i < arguments.number("--runs", 20); i++) {
      awaitParked(client);
      parked.add(answer(client, PARKED, "parked"));
      // Its successor is made meanwhile, and would have the processor.
      awaitParked(client);
      restored.add(answer(client, RESTORED, "shell"));
    }
    print("parked", parked, parked);
    print("restored", restored, parked);
    print("boot", boots, parked);
  }

  /**
   * Builds by a recipe with the one command as warm-up, or the default; adds what passed from the
   * boot to the warm-up's answer.
   */
  private JsonNode build(int port, String name, JsonNode recipe, List<Double> boots)
      throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + port + "/v1/templates/" + name);
    ObjectNode wanted =
        recipe == null
            ? JSON.createObjectNode()
            : ((ObjectNode) recipe).set("warmup", JSON.valueToTree(List.of(ARGV)));
    HttpRequest request =
        HttpRequest.newBuilder(uri)
            .header("Accept", "application/x-ndjson")
            .PUT(HttpRequest.BodyPublishers.ofString(recipe == null ? "" : wanted.toString()))
            .build();
    long began = 0;
    String last = "";
    try (Stream<String> lines = http.send(request, HttpResponse.BodyHandlers.ofLines()).body()) {
      for (String line : (Iterable<String>) lines::iterator) {
        last = line;
        JsonNode node = JSON.readTree(line);
        if (node.path("stage").asText().equals("boot") && node.path("percent").asInt() == 0) {
          began = System.nanoTime();
        } else if (node.path("stage").asText().equals("capture") && began != 0) {
          boots.add((System.nanoTime() - began) / 1e6);
          began = 0;
        }
      }
    }
    if (!last.contains("\"template\"")) {
      throw new IllegalStateException("building " + name + ": " + last);
    }
    HttpRequest get = HttpRequest.newBuilder(uri).build();
    return JSON.readTree(http.send(get, HttpResponse.BodyHandlers.ofString()).body()).get("recipe");
  }

  private static double answer(LoadClient client, String template, String served) {
    long began = System.nanoTime();
    JsonObject run =
        client.call(
            HttpMethod.POST,
            "/v1/run",
            new JsonObject()
                .put("template", template)
                .put("exec", new JsonObject().put("argv", new JsonArray(ARGV))));
    double millis = (System.nanoTime() - began) / 1e6;
    JsonObject lease = run.getJsonObject("lease", new JsonObject());
    if (!run.encode().contains("\"stdout\":\"1\\n\"")) {
      throw new IllegalStateException(template + " answered " + run.encode());
    }
    boolean isFresh = lease.getString("served").equals("new");
    if (!isFresh && !lease.getString("served").equals(served)) {
      throw new IllegalStateException(template + " was served " + lease.encode());
    }
    return millis;
  }

  private static void awaitParked(LoadClient client) throws InterruptedException {
    for (int i = 0; i < READY_TRIES; i++) {
      JsonObject pool = client.call(HttpMethod.GET, "/v1/pools/" + PARKED, null);
      if (pool.getJsonObject("there").getInteger("parked", 0) > 0) {
        return;
      }
      Thread.sleep(100);
    }
    throw new IllegalStateException("no sandbox was parked");
  }

  private void print(String way, List<Double> millis, List<Double> parked) {
    Samples samples = samples(millis);
    double ratio = samples.percentile(50) / samples(parked).percentile(50);
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("bench", "python");
    line.put("way", way);
    line.put("runs", millis.size());
    line.put("p50Millis", Report.round(samples.percentile(50)));
    line.put("p90Millis", Report.round(samples.percentile(90)));
    line.put("leastMillis", Report.round(samples.percentile(0)));
    line.put("ratioToParked", Report.round(ratio));
    report.print(
        line,
        () ->
            String.format(
                Locale.ROOT,
                "%-9s %3d runs   %8.1f ms p50 %8.1f p90 %8.1f least   %6.2f times parked",
                way,
                millis.size(),
                samples.percentile(50),
                samples.percentile(90),
                samples.percentile(0),
                ratio));
  }

  private static Samples samples(List<Double> millis) {
    return new Samples(millis.stream().mapToDouble(m -> m).toArray(), 0);
  }
}
