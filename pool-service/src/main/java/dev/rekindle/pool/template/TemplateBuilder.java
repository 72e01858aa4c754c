package dev.rekindle.pool.template;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.rekindle.pool.error.ErrorCode;
import dev.rekindle.pool.error.ServiceException;
import dev.rekindle.snapshotter.template.Template;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;

/**
 * Runs template builds, each in a process of its own (so that a build that dies takes nothing with
 * it), one for each name at a time. Thread: one event loop; each build is watched by a virtual
 * thread.
 */
public final class TemplateBuilder {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What libc says of {@code ENOSPC}, in the message of whatever exception. */
  private static final String NO_SPACE = "No space left on device";

  private final Vertx vertx;
  private final List<String> command;
  private final Path stateDir;
  private final TemplateCatalog catalog;
  private final Map<String, Promise<Template>> running = new HashMap<>();
  private final Set<Process> processes = ConcurrentHashMap.newKeySet();
  private volatile boolean stopping;

  /**
   * @param vertx whose event loop this runs on
   * @param command starts the builder, up to the arguments of its main class
   * @param stateDir passed on
   * @param catalog told of what was built
   */
  public TemplateBuilder(
      Vertx vertx, List<String> command, Path stateDir, TemplateCatalog catalog) {
    this.vertx = vertx;
    this.command = List.copyOf(command);
    this.stateDir = stateDir;
    this.catalog = catalog;
  }

  /**
   * Builds a template.
   *
   * @param name of it
   * @param recipe as the client gave it
   * @param progress gets each line of the builder's progress, on the event loop
   * @return the new generation
   * @throws ServiceException {@code template.build_in_progress}
   */
  public Future<Template> build(String name, JsonNode recipe, Consumer<JsonNode> progress) {
    if (stopping) {
      throw stopping();
    }
    if (running.containsKey(name)) {
      throw new ServiceException(
          ErrorCode.TEMPLATE_BUSY, "template '" + name + "' is being built; wait for it");
    }
    Promise<Template> promise = Promise.promise();
    running.put(name, promise);
    Context context = vertx.getOrCreateContext();
    Thread.ofVirtual()
        .name("build-" + name)
        .start(() -> {
          try {
            run(name, recipe, line -> context.runOnContext(_ -> progress.accept(line)));
            context.runOnContext(_ -> {
              running.remove(name);
              catalog.reload(name).onComplete(promise);
            });
          } catch (IOException | RuntimeException e) {
            context.runOnContext(_ -> {
              running.remove(name);
              promise.fail(failure(e));
            });
          }
        });
    return promise.future();
  }

  private static ServiceException stopping() {
    return new ServiceException(ErrorCode.STOPPING, "it builds no templates any more");
  }

  private ServiceException failure(Exception e) {
    if (stopping) {
      return stopping();
    }
    if (e instanceof ServiceException s) {
      return s;
    }
    String detail = String.valueOf(e.getMessage());
    return new ServiceException(
        detail.contains(NO_SPACE) ? ErrorCode.NO_SPACE : ErrorCode.TEMPLATE_BUILD_FAILED, detail);
  }

  private void run(String name, JsonNode recipe, Consumer<JsonNode> progress) throws IOException {
    List<String> full = new ArrayList<>(command);
    full.addAll(List.of("--state", stateDir.toString(), "--name", name));
    Path log = Files.createDirectories(stateDir.resolve("logs")).resolve("build-" + name + ".log");
    ProcessBuilder builder = new ProcessBuilder(full);
    builder.redirectError(ProcessBuilder.Redirect.to(log.toFile()));
    Process process = builder.start();
    processes.add(process);
    if (stopping) {
      process.destroy();
    }
    JsonNode last;
    try {
      last = converse(process, recipe, progress);
    } finally {
      processes.remove(process);
      process.destroy();
    }
    check(last, log);
  }

  /** Gives the builder its recipe; returns the last line of what it says. */
  private static JsonNode converse(Process process, JsonNode recipe, Consumer<JsonNode> progress)
      throws IOException {
    try (Writer in = process.outputWriter()) {
      in.write(JSON.writeValueAsString(recipe));
    }
    JsonNode last = null;
    try (BufferedReader out = process.inputReader()) {
      for (String line = out.readLine(); line != null; line = out.readLine()) {
        last = JSON.readTree(line);
        if (last.has("stage")) {
          progress.accept(last);
        }
      }
    }
    return last;
  }

  private static void check(JsonNode last, Path log) {
    if (last != null && last.has("result")) {
      return;
    }
    if (last != null && last.has("error")) {
      JsonNode error = last.get("error");
      String code = error.path("code").asText(ErrorCode.TEMPLATE_BUILD_FAILED.code());
      throw new ServiceException(
          code.endsWith(".no_space") ? ErrorCode.NO_SPACE : ErrorCode.TEMPLATE_BUILD_FAILED,
          code,
          error.path("message").asText(),
          error.path("consoleTail").asText(null));
    }
    throw new ServiceException(
        ErrorCode.TEMPLATE_BUILD_FAILED, "the builder ended without a result; see " + log);
  }

  /**
   * @return names of the templates being built
   */
  public Set<String> running() {
    return Set.copyOf(running.keySet());
  }

  /** Ends every build and begins none any more, for an orderly stop. */
  public void stop() {
    stopping = true;
    processes.forEach(Process::destroy);
  }
}
