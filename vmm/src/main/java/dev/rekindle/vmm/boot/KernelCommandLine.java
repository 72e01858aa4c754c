package dev.rekindle.vmm.boot;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Arguments of a guest kernel ({@code Documentation/admin-guide/kernel-parameters.txt}). Later
 * arguments override earlier ones in almost every case, so a template's own go last. Immutable.
 */
public final class KernelCommandLine {
  /** COMMAND_LINE_SIZE of Linux on x86, without the NUL. */
  public static final int MAX_BYTES = 2047;

  private static final KernelCommandLine EMPTY = new KernelCommandLine(List.of());

  private final List<String> arguments;

  private KernelCommandLine(List<String> arguments) {
    this.arguments = List.copyOf(arguments);
    int bytes = text().length();
    if (bytes > MAX_BYTES) {
      throw new BootException(
          BootErrorCode.COMMAND_LINE_INVALID,
          "the kernel command line may have " + MAX_BYTES + " bytes, got " + bytes);
    }
  }

  /**
   * @return no arguments
   */
  public static KernelCommandLine empty() {
    return EMPTY;
  }

  /**
   * What every guest of ours gets; {@code docs/boot.md} tells the reason of each.
   *
   * @return the defaults
   */
  public static KernelCommandLine defaults() {
    KernelCommandLine line = EMPTY;
    for (DefaultKernelArgument argument : DefaultKernelArgument.values()) {
      line = line.with(argument.text());
    }
    return line;
  }

  /**
   * @param argument one argument; spaces only between double quotes, as the kernel parses it
   * @return this and the argument behind it
   * @throws BootException {@code command_line.invalid}
   */
  public KernelCommandLine with(String argument) {
    List<String> split = split(argument);
    if (split.size() != 1) {
      throw invalid("expected one argument, got " + split.size() + " in \"" + argument + "\"");
    }
    return withAll(argument);
  }

  /**
   * @param text any number of arguments, separated by spaces
   * @return this and the arguments behind it
   * @throws BootException {@code command_line.invalid}
   */
  public KernelCommandLine withAll(String text) {
    List<String> all = new ArrayList<>(arguments);
    all.addAll(split(text));
    return new KernelCommandLine(all);
  }

  /**
   * @return the arguments in order
   */
  public List<String> arguments() {
    return arguments;
  }

  /**
   * @return the line without its NUL; ASCII
   */
  public String text() {
    return String.join(" ", arguments);
  }

  /** The line with its NUL. */
  byte[] nulTerminated() {
    return (text() + "\0").getBytes(StandardCharsets.US_ASCII);
  }

  private static List<String> split(String text) {
    List<String> split = new ArrayList<>();
    StringBuilder argument = new StringBuilder();
    boolean quoted = false;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < ' ' || c > '~') {
        throw invalid("character %d is 0x%x; printable ASCII only".formatted(i, (int) c));
      }
      if (c == ' ' && !quoted) {
        if (!argument.isEmpty()) {
          split.add(argument.toString());
          argument.setLength(0);
        }
        continue;
      }
      quoted ^= c == '"';
      argument.append(c);
    }
    if (quoted) {
      throw invalid("a double quote is not closed in \"" + text + "\"");
    }
    if (!argument.isEmpty()) {
      split.add(argument.toString());
    }
    return split;
  }

  private static BootException invalid(String what) {
    return new BootException(BootErrorCode.COMMAND_LINE_INVALID, "kernel command line: " + what);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof KernelCommandLine line && arguments.equals(line.arguments);
  }

  @Override
  public int hashCode() {
    return arguments.hashCode();
  }

  @Override
  public String toString() {
    return text();
  }
}
