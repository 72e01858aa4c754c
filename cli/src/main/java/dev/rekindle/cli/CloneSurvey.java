package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.cli.doctor.ClockSkew;
import dev.rekindle.cli.doctor.CloneFacts;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Leases sandboxes of a template, all at once, asks each about itself, and gives them back. */
final class CloneSurvey {
  private static final String TOKEN = "Rekindle-Lease-Token";
  private static final int TTL_SECONDS = 900;
  private static final int COMMAND_SECONDS = 120;

  /** The clock is asked again while asking takes longer than this. */
  private static final long QUICK_NANOS = 20_000_000L;

  private static final int CLOCK_ATTEMPTS = 3;

  private final ApiClient api;
  private final String template;

  CloneSurvey(ApiClient api, String template) {
    this.api = api;
    this.template = template;
  }

  /** One leased sandbox. */
  private record Held(String id, String token) {}

  /**
   * @param count how many
   * @return what each said, in the order they were leased
   * @throws CliException if one cannot be leased or asked; none is held then
   */
  List<CloneFacts> take(int count) throws IOException {
    List<Held> held = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        held.add(lease());
      }
      List<CloneFacts> clones = new ArrayList<>();
      for (Held lease : held) {
        String said = run(lease, List.of("sh", "-c", CloneFacts.SCRIPT));
        clones.add(CloneFacts.of(lease.id, said, clock(lease)));
      }
      return clones;
    } finally {
      for (Held lease : held) {
        api.request("DELETE", path(lease), null, Map.of(TOKEN, lease.token));
      }
    }
  }

  private Held lease() throws IOException {
    ObjectNode body =
        ApiClient.JSON.createObjectNode().put("template", template).put("ttlSeconds", TTL_SECONDS);
    JsonNode lease = expect(api.request("POST", "/v1/leases", body, Map.of()));
    return new Held(lease.path("id").asText(), lease.path("token").asText());
  }

  private static String path(Held lease) {
    return "/v1/leases/" + lease.id;
  }

  private ClockSkew clock(Held lease) throws IOException {
    ClockSkew best = ClockSkew.UNKNOWN;
    for (int i = 0; i < CLOCK_ATTEMPTS && best.askingNanos() > QUICK_NANOS; i++) {
      long before = wallNanos();
      String said = run(lease, CloneFacts.CLOCK_COMMAND);
      best = best.better(ClockSkew.of(said, before, wallNanos()));
    }
    return best;
  }

  private static long wallNanos() {
    Instant now = Instant.now();
    return now.getEpochSecond() * 1_000_000_000L + now.getNano();
  }

  private String run(Held lease, List<String> argv) throws IOException {
    ObjectNode body = ApiClient.JSON.createObjectNode().put("timeoutSeconds", COMMAND_SECONDS);
    ArrayNode array = body.putArray("argv");
    argv.forEach(array::add);
    Map<String, String> headers = Map.of(TOKEN, lease.token);
    return expect(api.request("POST", path(lease) + "/exec", body, headers))
        .path("stdout")
        .asText();
  }

  private static JsonNode expect(ApiClient.Reply reply) {
    if (!reply.ok()) {
      throw new CliException(ExitCodes.FAILED, Commands.problem(reply.body()));
    }
    return reply.body();
  }
}
