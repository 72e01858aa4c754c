package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rekindle key create|ls|rm}. */
@Command(
    name = "key",
    mixinStandardHelpOptions = true,
    description = "Makes, lists and revokes API keys.",
    subcommands = {KeyCommand.Create.class, KeyCommand.Ls.class, KeyCommand.Rm.class})
final class KeyCommand {
  private static final String PATH = "/v1/keys";

  /** Makes one. */
  @Command(
      name = "create",
      mixinStandardHelpOptions = true,
      description = "Makes an API key and prints it; the service keeps only its hash.")
  static final class Create implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "for people")
    private String name;

    @Option(
        names = "--scope",
        required = true,
        description = "lease, operate or observe; repeatable")
    private List<String> scopes = new ArrayList<>();

    @Option(names = "--ttl", description = "seconds until it ends; default: it does not")
    private Integer ttlSeconds;

    @Option(names = "--max-leases", description = "held at once; default: no limit of its own")
    private Integer maxLeases;

    @Option(names = "--rate", description = "requests a second; default: no limit")
    private Integer requestsPerSecond;

    @Option(names = "--json", description = "print the key as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      JsonNode key = commands.expect(commands.client().request("POST", PATH, spec(), Map.of()));
      if (json) {
        commands.console.result(key);
      } else {
        commands.console.print(key.path("key").asText());
      }
      return 0;
    }

    private ObjectNode spec() {
      ObjectNode spec = ApiClient.JSON.createObjectNode().put("name", name);
      ArrayNode all = spec.putArray("scopes");
      scopes.forEach(all::add);
      if (ttlSeconds != null) {
        spec.put("ttlSeconds", ttlSeconds);
      }
      if (maxLeases != null) {
        spec.put("maxLeases", maxLeases);
      }
      if (requestsPerSecond != null) {
        spec.put("requestsPerSecond", requestsPerSecond);
      }
      return spec;
    }
  }

  /** Lists them. */
  @Command(
      name = "ls",
      mixinStandardHelpOptions = true,
      description = "Lists the API keys, without their secrets.")
  static final class Ls implements Callable<Integer> {
    @Option(names = "--json", description = "print them as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      JsonNode reply = commands.expect(commands.client().get(PATH));
      if (json) {
        commands.console.result(reply);
        return 0;
      }
      for (JsonNode key : reply.path("keys")) {
        List<String> scopes = new ArrayList<>();
        key.path("scopes").forEach(scope -> scopes.add(scope.asText()));
        commands.console.print(
            "%s  %-20s %-21s made %s, ends %s, leases %d%s%s"
                .formatted(
                    key.path("id").asText(),
                    key.path("name").asText(),
                    String.join(",", scopes),
                    key.path("createdAt").asText(),
                    key.path("expiresAt").asText("never"),
                    key.path("leases").asInt(),
                    limit(" of ", key.path("maxLeases").asInt(), ""),
                    limit(", at most ", key.path("requestsPerSecond").asInt(), " requests/s")));
      }
      return 0;
    }

    private static String limit(String before, int limit, String after) {
      return limit == 0 ? "" : before + limit + after;
    }
  }

  /** Revokes one. */
  @Command(
      name = "rm",
      mixinStandardHelpOptions = true,
      description = "Revokes an API key; what runs by it is ended, its leases go on.")
  static final class Rm implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "as ls shows it")
    private String id;

    @Option(names = "--json", description = "print the outcome as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      commands.expect(commands.client().request("DELETE", PATH + "/" + id, null, Map.of()));
      if (json) {
        commands.console.result(ApiClient.JSON.createObjectNode().put("revoked", id));
      }
      return 0;
    }
  }
}
