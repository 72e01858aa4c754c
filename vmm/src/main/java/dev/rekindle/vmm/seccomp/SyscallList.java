package dev.rekindle.vmm.seccomp;

import dev.rekindle.vmm.abi.kvm.KvmIoctls;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A list of what is allowed. A line is {@code NAME [CONDITION [and CONDITION]...] [-> errno N] #
 * why}; without the why it is refused. A condition is {@code intI == VALUE} or {@code intI & MASK
 * == VALUE}, {@code longI} where the kernel takes 64 bits of argument {@code I}; values are
 * decimal, hexadecimal, or the name of a KVM request. Several lines about one call are tried in
 * their order, and what none of them lets through is refused as if the call had no line. The call
 * of the first line is looked for first. A line that begins with {@code #} says something about the
 * list.
 *
 * @param name of its file without the ending
 * @param rules in the file's order
 */
record SyscallList(String name, List<SyscallRule> rules) {
  private static final Pattern LINE =
      Pattern.compile("([a-z0-9_]+)\\s*(.*?)\\s*(?:->\\s*errno\\s+(\\d+))?\\s*#\\s*(\\S.*)");
  private static final Pattern CONDITION =
      Pattern.compile("(int|long)([0-5])(?:\\s*&\\s*(\\w+))?\\s*==\\s*(\\w+)");
  private static final long INT = 0xFFFF_FFFFL;

  SyscallList {
    rules = List.copyOf(rules);
    if (rules.isEmpty()) {
      throw new IllegalArgumentException(name + " allows nothing");
    }
  }

  static SyscallList load(ThreadKind kind, SyscallNumbers numbers) {
    return parse(kind.listName(), Resource.text(kind.listName() + ".syscalls"), numbers);
  }

  /**
   * @throws IllegalArgumentException naming list, line and what is wrong with it
   */
  static SyscallList parse(String name, String text, SyscallNumbers numbers) {
    List<SyscallRule> rules = new ArrayList<>();
    int number = 0;
    for (String line : text.split("\n")) {
      number++;
      if (line.isBlank() || line.startsWith("#")) {
        continue;
      }
      try {
        rules.add(rule(line, numbers));
      } catch (IllegalArgumentException e) {
        throw new IllegalArgumentException(
            name + ".syscalls, line " + number + ": " + e.getMessage(), e);
      }
    }
    return new SyscallList(name, rules);
  }

  private static SyscallRule rule(String line, SyscallNumbers numbers) {
    Matcher m = LINE.matcher(line);
    if (!m.matches()) {
      throw new IllegalArgumentException("not NAME [CONDITION] [-> errno N] # why: " + line);
    }
    List<ArgumentMatch> matches = new ArrayList<>();
    if (!m.group(2).isEmpty()) {
      for (String condition : m.group(2).split("\\s+and\\s+")) {
        matches.add(match(condition));
      }
    }
    int errno = m.group(3) == null ? 0 : Integer.parseInt(m.group(3));
    return new SyscallRule(m.group(1), numbers.of(m.group(1)), matches, errno);
  }

  private static ArgumentMatch match(String text) {
    Matcher m = CONDITION.matcher(text);
    if (!m.matches()) {
      throw new IllegalArgumentException("not a condition: " + text);
    }
    boolean wide = m.group(1).equals("long");
    long all = wide ? -1L : INT;
    return new ArgumentMatch(
        Integer.parseInt(m.group(2)),
        wide,
        m.group(3) == null ? all : value(m.group(3)),
        value(m.group(4)));
  }

  private static long value(String text) {
    if (Character.isDigit(text.charAt(0))) {
      return text.startsWith("0x")
          ? Long.parseUnsignedLong(text.substring(2), 16)
          : Long.parseLong(text);
    }
    return KvmIoctls.byName(text)
        .orElseThrow(() -> new IllegalArgumentException("no value is named " + text))
        .code();
  }
}
