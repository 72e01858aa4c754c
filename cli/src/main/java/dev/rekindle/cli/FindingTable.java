package dev.rekindle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.rekindle.cli.doctor.Finding;
import dev.rekindle.cli.doctor.Level;
import java.util.List;

/** Findings as a table for people, or as JSON, one object a line. */
final class FindingTable {
  private FindingTable() {}

  static String text(List<Finding> findings) {
    int width = findings.stream().mapToInt(f -> f.check().length()).max().orElse(0);
    String indent = " ".repeat(6 + width + 2);
    StringBuilder table = new StringBuilder();
    for (Finding f : findings) {
      table.append(String.format("%-6s%-" + (width + 2) + "s", f.level().word(), f.check()));
      table.append(f.found()).append('\n');
      if (f.level() != Level.OK) {
        table.append(indent).append("why: ").append(f.why()).append('\n');
        table.append(indent).append("fix: ").append(f.fix()).append('\n');
      }
    }
    long bad = findings.stream().filter(f -> f.level() == Level.FAIL).count();
    long weak = findings.stream().filter(f -> f.level() == Level.WARN).count();
    table.append(findings.size() - bad - weak).append(" ok, ");
    return table.append(weak).append(" warn, ").append(bad).append(" fail\n").toString();
  }

  static ObjectNode json(Finding f) {
    return ApiClient.JSON
        .createObjectNode()
        .put("check", f.check())
        .put("level", f.level().word())
        .put("found", f.found())
        .put("why", f.why())
        .put("fix", f.fix());
  }

  /** Prints them; the exit code. */
  static int print(List<Finding> findings, boolean json, Console console) {
    if (json) {
      findings.forEach(f -> console.result(json(f)));
    } else {
      System.out.print(text(findings));
    }
    return findings.stream().anyMatch(f -> f.level() == Level.FAIL) ? ExitCodes.FAILED : 0;
  }
}
