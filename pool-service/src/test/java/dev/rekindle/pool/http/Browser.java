package dev.rekindle.pool.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A real Chromium, driven by WebDriver; packages chromium and chromium-driver. */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
  private static final Pattern STARTED = Pattern.compile("successfully on port (\\d+)");
  private static final int PATIENCE_MILLIS = 60_000;

  /** As text to {@link #type}. */
  static final String TAB = "\uE004";

  static final String ENTER = "\uE007";

  private final HttpClient http = HttpClient.newHttpClient();
  private final Process driver;
  private final String base;

  Browser(Path profile) throws IOException, InterruptedException {
    driver = new ProcessBuilder("chromedriver", "--port=0").redirectErrorStream(true).start();
    String port = port(driver.inputReader());
    ObjectNode capabilities = JSON.createObjectNode();
    ObjectNode always = capabilities.putObject("capabilities").putObject("alwaysMatch");
    always.put("browserName", "chrome");
    always.putObject("goog:loggingPrefs").put("browser", "ALL").put("performance", "ALL");
    ArrayNode args = always.putObject("goog:chromeOptions").putArray("args");
    List.of(
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--window-size=1280,1000",
            "--user-data-dir=" + profile)
        .forEach(args::add);
    String driverUrl = "http://127.0.0.1:" + port + "/session";
    JsonNode session = send("POST", driverUrl, capabilities);
    base = driverUrl + "/" + session.get("sessionId").asText();
  }

  private static String port(BufferedReader out) throws IOException {
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      Matcher matcher = STARTED.matcher(line);
      if (matcher.find()) {
        Thread.ofVirtual().start(() -> out.lines().forEach(_ -> {}));
        return matcher.group(1);
      }
    }
    throw new IOException("chromedriver did not start");
  }

  private JsonNode send(String method, String url, JsonNode body)
      throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url))
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(body.toString()))
            .build();
    HttpResponse<String> reply = http.send(request, HttpResponse.BodyHandlers.ofString());
    JsonNode value = JSON.readTree(reply.body()).path("value");
    if (reply.statusCode() != 200) {
      throw new IOException(method + " " + url + ": " + value);
    }
    return value;
  }

  private JsonNode post(String path, Map<String, ?> body) throws IOException, InterruptedException {
    return send("POST", base + path, JSON.valueToTree(body));
  }

  void open(String url) throws IOException, InterruptedException {
    post("/url", Map.of("url", url));
  }

  /** The body of a function, and what it returns; a promise is waited for. */
  JsonNode script(String body) throws IOException, InterruptedException {
    return post("/execute/sync", Map.of("script", body, "args", List.of()));
  }

  private String element(String selector) throws IOException, InterruptedException {
    JsonNode found = post("/element", Map.of("using", "css selector", "value", selector));
    return "/element/" + found.get(ELEMENT).asText();
  }

  void click(String selector) throws IOException, InterruptedException {
    post(element(selector) + "/click", Map.of());
  }

  void type(String selector, String text) throws IOException, InterruptedException {
    post(element(selector) + "/value", Map.of("text", text));
  }

  void clear(String selector) throws IOException, InterruptedException {
    post(element(selector) + "/clear", Map.of());
  }

  /** Types to whatever has the focus, key by key. */
  void press(String keys) throws IOException, InterruptedException {
    List<Map<String, String>> actions = new ArrayList<>();
    for (String key : keys.split("")) {
      actions.add(Map.of("type", "keyDown", "value", key));
      actions.add(Map.of("type", "keyUp", "value", key));
    }
    post(
        "/actions",
        Map.of("actions", List.of(Map.of("type", "key", "id", "keys", "actions", actions))));
  }

  String text(String selector) throws IOException, InterruptedException {
    return send("GET", base + element(selector) + "/text", null).asText();
  }

  /** Waits until a script's expression is true. */
  void await(String expression) throws IOException, InterruptedException {
    long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L;
    while (!script("return Boolean(" + expression + ")").booleanValue()) {
      if (System.nanoTime() > deadline) {
        throw new IOException(
            "not true in time: " + expression + "; the page says: " + text("body"));
      }
      Thread.sleep(50);
    }
  }

  private void devtools(String command, Map<String, ?> parameters)
      throws IOException, InterruptedException {
    post("/goog/cdp/execute", Map.of("cmd", command, "params", parameters));
  }

  void size(int width, int height, boolean phone) throws IOException, InterruptedException {
    devtools(
        "Emulation.setDeviceMetricsOverride",
        Map.of(
            "width", width, "height", height, "deviceScaleFactor", phone ? 2 : 1, "mobile", phone));
  }

  void dark(boolean dark) throws IOException, InterruptedException {
    devtools(
        "Emulation.setEmulatedMedia",
        Map.of(
            "features",
            List.of(Map.of("name", "prefers-color-scheme", "value", dark ? "dark" : "light"))));
  }

  void screenshot(Path file) throws IOException, InterruptedException {
    Files.createDirectories(file.getParent());
    Files.write(file, Base64.getDecoder().decode(send("GET", base + "/screenshot", null).asText()));
  }

  /** What the page's console was told of, warnings and errors. */
  List<String> complaints() throws IOException, InterruptedException {
    List<String> said = new ArrayList<>();
    for (JsonNode entry : post("/se/log", Map.of("type", "browser"))) {
      said.add(entry.get("level").asText() + " " + entry.get("message").asText());
    }
    return said;
  }

  /** Every address asked for, since it was last asked. */
  List<String> requests() throws IOException, InterruptedException {
    List<String> urls = new ArrayList<>();
    for (JsonNode entry : post("/se/log", Map.of("type", "performance"))) {
      JsonNode event = JSON.readTree(entry.get("message").asText()).get("message");
      String method = event.get("method").asText();
      if (method.equals("Network.requestWillBeSent")) {
        urls.add(event.at("/params/request/url").asText());
      } else if (method.equals("Network.webSocketCreated")) {
        urls.add(event.at("/params/url").asText());
      }
    }
    return urls;
  }

  @Override
  public void close() throws IOException {
    try {
      send("DELETE", base, null);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      driver.descendants().forEach(ProcessHandle::destroyForcibly);
      driver.destroyForcibly().onExit().join();
      http.close();
    }
  }
}
