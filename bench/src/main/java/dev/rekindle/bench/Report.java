package dev.rekindle.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Results on standard output: JSON objects, one a line, or text for people.
 *
 * @param json which
 */
record Report(boolean json) {
  private static final JsonMapper JSON = new JsonMapper();

  /** The machine, and a line for people alone. */
  void begin(MachineFacts machine, String heading) {
    System.out.println(json ? machine.json() : machine.text() + System.lineSeparator() + heading);
  }

  /** One result. */
  void print(Map<String, Object> line, Supplier<String> text) {
    try {
      System.out.println(json ? JSON.writeValueAsString(line) : text.get());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }

  /** To a hundredth. */
  static double round(double value) {
    return Math.round(value * 100) / 100.0;
  }
}
