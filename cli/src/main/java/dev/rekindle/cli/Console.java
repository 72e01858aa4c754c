package dev.rekindle.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** What the user sees: results on standard output, everything else on standard error. */
final class Console {
  private static final int BAR = 24;
  private final boolean terminal = System.console() != null && System.console().isTerminal();
  private String lastStage = "";
  private boolean barShown;

  void say(String text) {
    clearBar();
    System.err.println("rekindle: " + text);
  }

  void result(JsonNode node) {
    System.out.println(node);
  }

  void print(String text) {
    System.out.println(text);
  }

  /** A step of something long: a bar on a terminal, a line for each stage otherwise. */
  void progress(String what, String stage, int percent, String message) {
    if (terminal) {
      int full = Math.clamp(percent, 0, 100) * BAR / 100;
      String bar = "#".repeat(full) + ".".repeat(BAR - full);
      System.err.printf("\r\033[K%s [%s] %-10s %s", what, bar, stage, message);
      barShown = true;
    } else if (!stage.equals(lastStage)) {
      lastStage = stage;
      System.err.println("rekindle: " + what + ": " + stage + " " + message);
    }
  }

  void clearBar() {
    if (barShown) {
      System.err.print("\r\033[K");
      barShown = false;
    }
  }
}
