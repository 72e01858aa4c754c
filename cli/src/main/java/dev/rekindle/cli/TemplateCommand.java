package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rekindle template build|ls|rm}. */
@Command(
    name = "template",
    mixinStandardHelpOptions = true,
    description = "Builds, lists and removes templates.",
    subcommands = {TemplateCommand.Build.class, TemplateCommand.Ls.class, TemplateCommand.Rm.class})
final class TemplateCommand {
  /** Builds one. */
  @Command(
      name = "build",
      mixinStandardHelpOptions = true,
      description = "Builds a template; base and python need no recipe.")
  static final class Build implements Callable<Integer> {
    @Parameters(paramLabel = "NAME")
    private String name;

    @Option(names = "--recipe", description = "a file with the recipe, see docs/api.md")
    private Path recipe;

    @Option(names = "--json", description = "print the template as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      JsonNode body = recipe == null ? null : ApiClient.JSON.readTree(Files.readAllBytes(recipe));
      JsonNode template = commands.build(name, body);
      if (json) {
        commands.console.result(template);
      } else {
        commands.console.print(
            name
                + " generation "
                + template.path("generation")
                + " "
                + template.path("snapshotId").asText());
      }
      return 0;
    }
  }

  /** Lists them. */
  @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the templates.")
  static final class Ls implements Callable<Integer> {
    @Option(names = "--json", description = "print them as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      JsonNode reply = commands.expect(commands.client().get("/v1/templates"));
      if (json) {
        commands.console.result(reply);
        return 0;
      }
      for (JsonNode t : reply.path("templates")) {
        System.out.printf(
            "%-20s %4d  %-34s %s%n",
            t.path("name").asText(),
            t.path("generation").asInt(),
            t.path("snapshotId").asText(),
            t.path("createdAt").asText());
      }
      return 0;
    }
  }

  /** Removes one. */
  @Command(
      name = "rm",
      mixinStandardHelpOptions = true,
      description = "Removes a template; leases of it go on.")
  static final class Rm implements Callable<Integer> {
    @Parameters(paramLabel = "NAME")
    private String name;

    @Option(names = "--json", description = "print the outcome as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      commands.expect(commands.client().request("DELETE", "/v1/templates/" + name, null, Map.of()));
      if (json) {
        commands.console.result(ApiClient.JSON.createObjectNode().put("removed", name));
      }
      return 0;
    }
  }
}
