package dev.rekindle.snapshotter.template;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.io.UncheckedIOException;

/**
 * A build's progress and outcome as lines of JSON, for the process that started the builder: {@code
 * {"stage","percent","message"}} any number of times, then one line {@code {"result":...}} or
 * {@code {"error":...}}.
 */
public final class NdjsonProgress implements BuildProgress {
  private final ObjectMapper json = new ObjectMapper();
  private final PrintStream out;

  /**
   * @param out flushed after each line
   */
  public NdjsonProgress(PrintStream out) {
    this.out = out;
  }

  @Override
  public void report(String stage, int percent, String message) {
    line(
        json.createObjectNode()
            .put("stage", stage)
            .put("percent", percent)
            .put("message", message));
  }

  /**
   * The last line of a build that went well.
   *
   * @param result of the build
   */
  public void result(TemplateBuild.Result result) {
    ObjectNode root = json.createObjectNode();
    root.putObject("result")
        .put("snapshotId", result.template().snapshotId())
        .put("generation", result.template().generation())
        .put("createdAt", result.template().createdAt())
        .put("memoryBytes", result.manifest().shape().memoryBytes())
        .put("dataBytes", result.manifest().memory().dataBytes());
    line(root);
  }

  /**
   * The last line of a build that failed.
   *
   * @param failure why
   */
  public void error(BuildException failure) {
    ObjectNode root = json.createObjectNode();
    ObjectNode error = root.putObject("error");
    error.put("code", failure.code()).put("message", failure.getMessage());
    if (failure.consoleTail() != null) {
      error.put("consoleTail", failure.consoleTail());
    }
    line(root);
  }

  private synchronized void line(ObjectNode node) {
    try {
      out.println(json.writeValueAsString(node));
      out.flush();
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
