package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The host processes of {@code /v1/status}, a line each. */
final class HostTable {
  private static final String FORMAT = "%-9s %8s %-8s %9s %8s %9s  %-14s %s";

  private HostTable() {}

  static List<String> lines(JsonNode hosts) {
    List<String> lines = new ArrayList<>();
    lines.add(
        FORMAT
            .formatted("HOST", "PID", "STATE", "VMS", "RESTARTS", "RSS", "POOL", "TENANTS")
            .stripTrailing());
    for (JsonNode host : hosts) {
      lines.add(
          FORMAT
              .formatted(
                  host.path("name").asText(),
                  host.path("pid").asText(),
                  host.path("state").asText(),
                  host.path("vms").asInt() + "/" + host.path("capacity").asInt(),
                  host.path("restarts").asInt(),
                  host.has("rssBytes") ? mebibytes(host.path("rssBytes").asLong()) : "-",
                  host.path("template").asText("-"),
                  tenants(host))
              .stripTrailing());
    }
    return lines;
  }

  private static String mebibytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f MiB", bytes / 1048576.0);
  }

  /** Those it serves now; nobody in particular as two quotation marks. */
  private static String tenants(JsonNode host) {
    List<String> names = new ArrayList<>();
    host.path("tenants").forEach(t -> names.add(t.asText().isEmpty() ? "''" : t.asText()));
    return names.isEmpty()
        ? "(" + host.path("tenancy").asText() + ")"
        : String.join(" ", names)
            + (host.path("tenancy").asText().equals("shared") ? " (shared)" : "");
  }
}
