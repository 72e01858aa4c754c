package dev.rekindle.bench;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A benchmark's command line: flags, and options with one value each. Immutable. */
final class BenchArguments {
  private final Map<String, String> values = new HashMap<>();

  /**
   * @param flags names without a value
   * @param options names with one
   * @param arguments the command line
   * @throws IllegalArgumentException naming the argument that is none of these, or has no value
   */
  BenchArguments(Set<String> flags, Set<String> options, List<String> arguments) {
    for (int i = 0; i < arguments.size(); i++) {
      String name = arguments.get(i);
      if (flags.contains(name)) {
        values.put(name, "");
      } else if (!options.contains(name)) {
        throw new IllegalArgumentException("unknown argument " + name);
      } else if (++i == arguments.size()) {
        throw new IllegalArgumentException(name + " wants a value");
      } else {
        values.put(name, arguments.get(i));
      }
    }
  }

  boolean flag(String name) {
    return values.containsKey(name);
  }

  Optional<String> text(String name) {
    return Optional.ofNullable(values.get(name));
  }

  /**
   * @return the value, or the other if there is none
   * @throws IllegalArgumentException if it is no number of 1 or more
   */
  int number(String name, int otherwise) {
    return numbers(name, otherwise)[0];
  }

  /**
   * @return the values, separated by commas, or the others if there are none
   * @throws IllegalArgumentException if one is no number of 1 or more
   */
  int[] numbers(String name, int... otherwise) {
    String value = values.get(name);
    return value == null
        ? otherwise
        : Arrays.stream(value.split(",", -1)).mapToInt(v -> number(name, v)).toArray();
  }

  private static int number(String name, String value) {
    if (!value.matches("[1-9][0-9]{0,8}")) {
      throw new IllegalArgumentException(name + " must be in [1, 999999999], got " + value);
    }
    return Integer.parseInt(value);
  }
}
