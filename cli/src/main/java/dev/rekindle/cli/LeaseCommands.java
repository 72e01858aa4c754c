package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lease}, {@code exec}, {@code release}. The token is printed once, and asked for after. */
final class LeaseCommands {
  private static final String TOKEN = "Rekindle-Lease-Token";

  private LeaseCommands() {}

  /** Takes a lease. */
  @Command(
      name = "lease",
      mixinStandardHelpOptions = true,
      description = "Leases a sandbox; prints its id and the holder's token.")
  static final class Lease implements Callable<Integer> {
    @Option(names = "--template", defaultValue = "python", description = "default: python")
    private String template;

    @Option(names = "--ttl", defaultValue = "300", description = "seconds; default: 300")
    private int ttlSeconds;

    @Option(names = "--json", description = "print the lease as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      ObjectNode body =
          ApiClient.JSON.createObjectNode().put("template", template).put("ttlSeconds", ttlSeconds);
      JsonNode lease =
          commands.expect(commands.client().request("POST", "/v1/leases", body, Map.of()));
      if (json) {
        commands.console.result(lease);
      } else {
        commands.console.print(lease.path("id").asText() + " " + lease.path("token").asText());
      }
      return 0;
    }
  }

  /** Runs a command in a leased sandbox. */
  @Command(
      name = "exec",
      mixinStandardHelpOptions = true,
      description = "Runs a command in a leased sandbox; streams and exit code as of run.")
  static final class Exec implements Callable<Integer> {
    @Option(
        names = "--token",
        required = true,
        defaultValue = "${env:REKINDLE_LEASE_TOKEN}",
        description = "the lease's token, or REKINDLE_LEASE_TOKEN")
    private String token;

    @Option(names = "--timeout", defaultValue = "0", description = "seconds; 0 for none")
    private int timeoutSeconds;

    @Option(names = "--env", description = "NAME=VALUE for the command; repeatable")
    private Map<String, String> env = new LinkedHashMap<>();

    @Option(names = "--cwd", description = "working directory in the sandbox")
    private String cwd;

    @Option(names = "--json", description = "print what the service sends, one object a line")
    private boolean json;

    @Parameters(index = "0", paramLabel = "LEASE")
    private String lease;

    @Parameters(index = "1..*", arity = "1..*", paramLabel = "CMD", description = "after --")
    private List<String> command;

    @Override
    public Integer call() throws IOException {
      return new Commands()
          .stream(
              "/v1/leases/" + lease + "/exec",
              Map.of(TOKEN, token),
              RunCommand.exec(command, env, cwd, timeoutSeconds),
              json);
    }
  }

  /** Gives a lease back. */
  @Command(
      name = "release",
      mixinStandardHelpOptions = true,
      description = "Ends a lease and its sandbox.")
  static final class Release implements Callable<Integer> {
    @Option(
        names = "--token",
        required = true,
        defaultValue = "${env:REKINDLE_LEASE_TOKEN}",
        description = "the lease's token, or REKINDLE_LEASE_TOKEN")
    private String token;

    @Option(names = "--json", description = "print the outcome as JSON")
    private boolean json;

    @Parameters(paramLabel = "LEASE")
    private String lease;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      commands.expect(
          commands.client().request("DELETE", "/v1/leases/" + lease, null, Map.of(TOKEN, token)));
      if (json) {
        commands.console.result(ApiClient.JSON.createObjectNode().put("released", lease));
      }
      return 0;
    }
  }
}
