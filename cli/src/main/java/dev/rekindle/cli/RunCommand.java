package dev.rekindle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rekindle run -- CMD...}: everything from nothing to the command's exit code. */
@Command(
    name = "run",
    mixinStandardHelpOptions = true,
    description = {
      "Runs a command in a fresh sandbox; starts the service and builds the template if need be.",
      "Standard input, output and the exit code are the command's (128 + N for signal N;",
      "124 time limit, 125 the service failed, 127 no such command)."
    })
final class RunCommand implements Callable<Integer> {
  @Option(names = "--template", defaultValue = "python", description = "default: ${DEFAULT-VALUE}")
  private String template;

  @Option(
      names = "--lab",
      defaultValue = "auto",
      description = "run the service in the lab: ${COMPLETION-CANDIDATES}; default: auto")
  private Service.LabMode lab;

  @Option(names = "--timeout", defaultValue = "0", description = "seconds; 0 for none")
  private int timeoutSeconds;

  @Option(names = "--env", description = "NAME=VALUE for the command; repeatable")
  private Map<String, String> env = new LinkedHashMap<>();

  @Option(names = "--cwd", description = "working directory in the sandbox")
  private String cwd;

  @Option(names = "--json", description = "print what the service sends, one object a line")
  private boolean json;

  @Parameters(arity = "1..*", paramLabel = "CMD", description = "after --")
  private List<String> command;

  @Override
  public Integer call() throws IOException {
    Commands commands = new Commands();
    commands.service.up(lab);
    if (!commands.hasTemplate(template)) {
      commands.build(template, null);
    }
    ObjectNode request = ApiClient.JSON.createObjectNode().put("template", template);
    request.put("ttlSeconds", timeoutSeconds > 0 ? Math.min(86_400, timeoutSeconds + 60) : 3600);
    request.set("exec", exec(command, env, cwd, timeoutSeconds));
    return commands.stream("/v1/run", Map.of(), request, json);
  }

  static ObjectNode exec(
      List<String> command, Map<String, String> env, String cwd, int timeoutSeconds) {
    ObjectNode exec = ApiClient.JSON.createObjectNode();
    ArrayNode argv = exec.putArray("argv");
    command.forEach(argv::add);
    ObjectNode variables = exec.putObject("env");
    env.forEach(variables::put);
    if (cwd != null) {
      exec.put("cwd", cwd);
    }
    return exec.put("timeoutSeconds", timeoutSeconds);
  }
}
