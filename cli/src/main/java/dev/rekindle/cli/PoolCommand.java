package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code rekindle pool set|ls|rm}. */
@Command(
    name = "pool",
    mixinStandardHelpOptions = true,
    description = "Says what is kept ready of a template, and shows it.",
    subcommands = {PoolCommand.Set.class, PoolCommand.Ls.class, PoolCommand.Rm.class})
final class PoolCommand {
  private static final String PATH = "/v1/pools";

  /** Makes or replaces one. */
  @Command(
      name = "set",
      mixinStandardHelpOptions = true,
      description = "Makes a pool or replaces what was said of it; see docs/api.md, Pools.")
  static final class Set implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "TEMPLATE")
    private String template;

    @Option(names = "--parked", paramLabel = "MIN[:MAX]", description = "sandboxes kept parked")
    private String parked;

    @Option(names = "--shells", paramLabel = "MIN[:MAX]", description = "empty VMs kept")
    private String shells;

    @Option(names = "--recycle", description = "never, tenant or always; default: tenant")
    private String recycle;

    @Option(names = "--miss-rate", description = "part of the acquires that may miss, in (0, 1)")
    private Double missRate;

    @Option(names = "--p99-micros", description = "what the 99th percentile of an acquire shall be")
    private Long p99Micros;

    @Option(names = "--memory-mib", description = "budget of leased and parked sandboxes")
    private Integer memoryMib;

    @Option(names = "--vcpus", description = "budget of leased and parked sandboxes")
    private Integer vcpus;

    @Option(names = "--json", description = "print the pool as JSON")
    private boolean json;

    @Parameters(
        index = "1..*",
        paramLabel = "COMMAND",
        description = "warm-up command each parked sandbox runs, after --")
    private List<String> warmUp = List.of();

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      JsonNode pool =
          commands.expect(
              commands.client().request("PUT", PATH + "/" + template, spec(), Map.of()));
      if (json) {
        commands.console.result(pool);
      } else {
        show(commands, pool);
        pool.path("wanted").path("reasons").forEach(r -> commands.console.print("  " + r.asText()));
      }
      return 0;
    }

    private ObjectNode spec() {
      ObjectNode spec = ApiClient.JSON.createObjectNode();
      range(spec, "parked", parked);
      range(spec, "shells", shells);
      if (recycle != null) {
        spec.put("recycle", recycle);
      }
      if (missRate != null) {
        spec.putObject("target").put("missRate", missRate);
      }
      if (p99Micros != null) {
        spec.withObject("/target").put("acquireP99Micros", p99Micros);
      }
      if (memoryMib != null) {
        spec.put("memoryBudgetMib", memoryMib);
      }
      if (vcpus != null) {
        spec.put("vcpuBudget", vcpus);
      }
      warmUp.forEach(spec.putArray("warmUp")::add);
      return spec;
    }

    private static void range(ObjectNode spec, String name, String value) {
      if (value == null) {
        return;
      }
      String[] ends = value.split(":", 2);
      ObjectNode range = spec.putObject(name);
      try {
        range.put("min", Integer.parseInt(ends[0]));
        if (ends.length == 2) {
          range.put("max", Integer.parseInt(ends[1]));
        }
      } catch (NumberFormatException e) {
        throw new CliException(
            ExitCodes.USAGE, "--" + name + " must be MIN or MIN:MAX, got " + value);
      }
    }
  }

  /** Lists them. */
  @Command(name = "ls", mixinStandardHelpOptions = true, description = "Lists the pools.")
  static final class Ls implements Callable<Integer> {
    @Option(names = "--json", description = "print them as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      JsonNode reply = commands.expect(commands.client().get(PATH));
      if (json) {
        commands.console.result(reply);
      } else {
        reply.path("pools").forEach(pool -> show(commands, pool));
      }
      return 0;
    }
  }

  /** Removes one. */
  @Command(
      name = "rm",
      mixinStandardHelpOptions = true,
      description = "Removes a pool and frees what it kept; leases go on.")
  static final class Rm implements Callable<Integer> {
    @Parameters(paramLabel = "TEMPLATE")
    private String template;

    @Option(names = "--json", description = "print the outcome as JSON")
    private boolean json;

    @Override
    public Integer call() throws IOException {
      Commands commands = new Commands();
      commands.expect(commands.client().request("DELETE", PATH + "/" + template, null, Map.of()));
      if (json) {
        commands.console.result(ApiClient.JSON.createObjectNode().put("removed", template));
      }
      return 0;
    }
  }

  private static void show(Commands commands, JsonNode pool) {
    JsonNode there = pool.path("there");
    JsonNode wanted = pool.path("wanted");
    String line =
        "%-20s parked %d of %d, shells %d of %d"
            .formatted(
                pool.path("template").asText(),
                there.path("parked").asInt(),
                wanted.path("parked").asInt(),
                there.path("shells").asInt(),
                wanted.path("shells").asInt());
    commands.console.print(
        there.has("lastError") ? line + "; last error: " + there.path("lastError").asText() : line);
  }
}
