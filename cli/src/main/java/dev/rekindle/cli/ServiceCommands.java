package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code up}, {@code down}, {@code status}, {@code logs}. */
final class ServiceCommands {
  private ServiceCommands() {}

  /** Starts the service. */
  @Command(name = "up", mixinStandardHelpOptions = true, description = "Starts the service.")
  static final class Up implements Callable<Integer> {
    @Option(names = "--lab", defaultValue = "auto", description = "auto, always or never")
    private Service.LabMode lab;

    @Option(names = "--json", description = "print the status as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      commands.service.up(lab);
      return show(commands, json);
    }
  }

  /** Stops the service. */
  @Command(
      name = "down",
      mixinStandardHelpOptions = true,
      description = "Stops the service; leases end.")
  static final class Down implements Callable<Integer> {
    @Option(names = "--json", description = "print the outcome as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      boolean was = commands.service.down();
      if (json) {
        commands.console.result(ApiClient.JSON.createObjectNode().put("stopped", was));
      } else {
        commands.console.print(was ? "stopped" : "was not up");
      }
      return 0;
    }
  }

  /** Shows what is there. */
  @Command(
      name = "status",
      mixinStandardHelpOptions = true,
      description = "Shows the service's state; exit code 3 if it is not up.")
  static final class Status implements Callable<Integer> {
    @Option(names = "--json", description = "print it as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      return show(new Commands(), json);
    }
  }

  private static int show(Commands commands, boolean json) throws IOException {
    JsonNode status = commands.expect(commands.client().get("/v1/status"));
    if (json) {
      commands.console.result(status);
    } else {
      status
          .properties()
          .forEach(field -> System.out.printf("%-14s %s%n", field.getKey(), field.getValue()));
    }
    return 0;
  }

  /** Shows the service's log. */
  @Command(name = "logs", mixinStandardHelpOptions = true, description = "Shows the service's log.")
  static final class Logs implements Callable<Integer> {
    @Option(
        names = {"-n", "--lines"},
        defaultValue = "50",
        description = "default: 50")
    private int lines;

    @Option(names = "--json", description = "print lines as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      Path log = commands.service.log();
      if (!Files.exists(log)) {
        throw new CliException(ExitCodes.FAILED, "there is no log yet at " + log);
      }
      List<String> all = Files.readAllLines(log);
      for (String line : all.subList(Math.max(0, all.size() - lines), all.size())) {
        if (json) {
          commands.console.result(ApiClient.JSON.createObjectNode().put("line", line));
        } else {
          commands.console.print(line);
        }
      }
      return 0;
    }
  }
}
