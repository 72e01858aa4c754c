package dev.rekindle.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** {@code --json} and options with a value; and the output that follows from the first. */
final class BenchOptions {
  private static final JsonMapper JSON = new JsonMapper();

  private final Map<String, String> values;
  private final boolean json;

  private BenchOptions(Map<String, String> values, boolean json) {
    this.values = values;
    this.json = json;
  }

  static BenchOptions parse(List<String> args) {
    Map<String, String> values = new LinkedHashMap<>();
    boolean json = false;
    for (int i = 0; i < args.size(); i++) {
      if (args.get(i).equals("--json")) {
        json = true;
      } else if (args.get(i).startsWith("--") && i + 1 < args.size()) {
        values.put(args.get(i), args.get(++i));
      } else {
        throw new IllegalArgumentException("an option must have a value, got " + args.get(i));
      }
    }
    return new BenchOptions(values, json);
  }

  int number(String name, int otherwise) {
    return numbers(name, otherwise)[0];
  }

  int[] numbers(String name, int... otherwise) {
    String value = values.get(name);
    return value == null
        ? otherwise
        : Arrays.stream(value.split(",")).mapToInt(Integer::parseInt).toArray();
  }

  /** A line for people only. */
  void heading(String text) {
    if (!json) {
      System.out.println(text);
    }
  }

  /** One result: a JSON object, or the text. */
  void print(Map<String, Object> line, Supplier<String> text) {
    try {
      System.out.println(json ? JSON.writeValueAsString(line) : text.get());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException(e);
    }
  }
}
