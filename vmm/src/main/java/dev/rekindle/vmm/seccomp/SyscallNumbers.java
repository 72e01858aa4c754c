package dev.rekindle.vmm.seccomp;

import java.util.HashMap;
import java.util.Map;

/** Names and numbers of x86-64's system calls; the file {@code x86_64.numbers}. */
final class SyscallNumbers {
  private final Map<String, Integer> numbers = new HashMap<>(512);

  private SyscallNumbers() {}

  static SyscallNumbers load() {
    SyscallNumbers all = new SyscallNumbers();
    Resource.text("x86_64.numbers")
        .lines()
        .filter(line -> !line.startsWith("#"))
        .forEach(line -> {
          int space = line.indexOf(' ');
          all.numbers.put(line.substring(0, space), Integer.valueOf(line.substring(space + 1)));
        });
    return all;
  }

  Map<String, Integer> byName() {
    return Map.copyOf(numbers);
  }

  /**
   * @throws IllegalArgumentException if there is none of this name
   */
  int of(String name) {
    Integer nr = numbers.get(name);
    if (nr == null) {
      throw new IllegalArgumentException("no system call is named " + name);
    }
    return nr;
  }
}
