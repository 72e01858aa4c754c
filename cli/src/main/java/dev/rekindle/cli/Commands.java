package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** What several commands need: the service, its templates, and a command's streams. */
final class Commands {
  final Settings settings =
      Settings.from(
          System.getenv(), System.getProperty("user.name"), System.getProperty("user.home"));
  final Console console = new Console();
  final Service service = new Service(settings, console);

  ApiClient client() {
    return settings.client();
  }

  /** The reply's body, or the service's error as ours. */
  JsonNode expect(ApiClient.Reply reply) {
    if (!reply.ok()) {
      throw new CliException(ExitCodes.FAILED, problem(reply.body()));
    }
    return reply.body();
  }

  static String problem(JsonNode problem) {
    String tail = problem.path("consoleTail").asText("");
    return problem.path("code").asText("error")
        + ": "
        + problem.path("detail").asText(problem.toString())
        + (tail.isEmpty() ? "" : "\nconsole of the guest:\n" + tail.stripTrailing());
  }

  /** Builds a template and shows how it goes. */
  JsonNode build(String name, JsonNode recipe) throws IOException {
    JsonNode[] last = new JsonNode[1];
    ApiClient.Reply reply =
        client().stream(
            "PUT",
            "/v1/templates/" + name,
            Map.of(),
            out -> {
              if (recipe != null) {
                out.write(ApiClient.JSON.writeValueAsBytes(recipe));
              }
            },
            line -> {
              last[0] = line;
              if (line.has("stage")) {
                console.progress(
                    "template " + name,
                    line.path("stage").asText(),
                    line.path("percent").asInt(),
                    line.path("message").asText());
              }
            });
    console.clearBar();
    expect(reply);
    if (last[0] == null || !last[0].has("template")) {
      JsonNode error = last[0] == null ? reply.body() : last[0].path("error");
      throw new CliException(ExitCodes.FAILED, problem(error));
    }
    return last[0].get("template");
  }

  boolean hasTemplate(String name) throws IOException {
    return client().get("/v1/templates/" + name).ok();
  }

  /** Runs a command on a lease, or on one of its own; returns the exit code for ours. */
  int stream(String path, Map<String, String> headers, ObjectNode request, boolean json)
      throws IOException {
    PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
    JsonNode[] lease = new JsonNode[1];
    JsonNode[] end = new JsonNode[1];
    ApiClient.Reply reply =
        client().stream(
            "POST",
            path,
            headers,
            body -> sendInput(request, body),
            line -> {
              if (json) {
                out.println(line);
                out.flush();
              }
              if (line.has("lease")) {
                lease[0] = line.get("lease");
              } else if (line.has("exit") || line.has("error")) {
                end[0] = line;
              } else if (!json) {
                show(line, out, System.err);
              }
            });
    out.flush();
    if (!reply.ok()) {
      console.say(problem(reply.body()));
      return ExitCodes.ofProblem(reply.body());
    }
    if (lease[0] != null && !json) {
      console.say(served(lease[0]));
    }
    return finish(end[0]);
  }

  private static String served(JsonNode lease) {
    StringBuilder text = new StringBuilder("served ");
    text.append(lease.path("served").asText()).append(" from ");
    text.append(lease.path("template").asText()).append(':');
    lease
        .path("stagesMicros")
        .properties()
        .forEach(stage ->
            text.append(' ')
                .append(stage.getKey())
                .append(' ')
                .append(stage.getValue().asLong())
                .append(" µs"));
    return text.toString();
  }

  private int finish(JsonNode end) {
    if (end == null || end.has("error")) {
      JsonNode error = end == null ? ApiClient.JSON.createObjectNode() : end.get("error");
      console.say(end == null ? "the service ended the stream" : problem(error));
      return ExitCodes.ofProblem(error);
    }
    JsonNode exit = end.get("exit");
    if (exit.path("timedOut").asBoolean()) {
      console.say("the command was stopped by its time limit");
    }
    if (exit.path("outOfMemory").asBoolean()) {
      console.say("the command was killed: the sandbox has no more memory");
    }
    return ExitCodes.ofExit(exit);
  }

  private static void show(JsonNode line, PrintStream out, PrintStream err) {
    for (String name : List.of("stdout", "stderr")) {
      PrintStream target = name.equals("stdout") ? out : err;
      if (line.has(name)) {
        target.writeBytes(line.get(name).asText().getBytes(StandardCharsets.UTF_8));
        target.flush();
      } else if (line.has(name + "Base64")) {
        target.writeBytes(Base64.getDecoder().decode(line.get(name + "Base64").asText()));
        target.flush();
      }
    }
  }

  /** The request, then our standard input until its end. */
  private static void sendInput(ObjectNode request, OutputStream body) throws IOException {
    body.write((request + "\n").getBytes(StandardCharsets.UTF_8));
    if (System.console() != null && System.console().isTerminal() && System.in.available() == 0) {
      return;
    }
    try (InputStream in = new FileInputStream(FileDescriptor.in)) {
      byte[] buffer = new byte[32 * 1024];
      for (int n = in.read(buffer); n > 0; n = in.read(buffer)) {
        ObjectNode line = ApiClient.JSON.createObjectNode();
        line.put("stdinBase64", Base64.getEncoder().encodeToString(Arrays.copyOf(buffer, n)));
        body.write((line + "\n").getBytes(StandardCharsets.UTF_8));
      }
    }
  }
}
