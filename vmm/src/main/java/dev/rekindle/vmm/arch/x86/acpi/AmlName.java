package dev.rekindle.vmm.arch.x86.acpi;

import java.util.List;

/**
 * A path in the ACPI namespace (20.2.2): segments of four characters, written with dots, absolute
 * if it begins with a backslash.
 *
 * @param absolute counted from the root
 * @param segments one or more; each 1 to 4 of {@code A-Z 0-9 _}, not beginning with a digit
 */
public record AmlName(boolean absolute, List<String> segments) implements AmlData {
  private static final int DUAL_NAME_PREFIX = 0x2E;
  private static final int MULTI_NAME_PREFIX = 0x2F;

  /** Checks the segments. */
  public AmlName {
    segments = List.copyOf(segments);
    if (segments.isEmpty() || segments.size() > 255) {
      throw new IllegalArgumentException("a name has 1 to 255 segments, got " + segments.size());
    }
    for (String segment : segments) {
      if (!segment.matches("[A-Z_][A-Z0-9_]{0,3}")) {
        throw new IllegalArgumentException(
            "a segment is 1 to 4 of A-Z 0-9 _, not a digit first, got \"" + segment + "\"");
      }
    }
  }

  /**
   * @param path such as {@code _HID} or {@code \_SB.GED}
   * @return the name
   */
  public static AmlName of(String path) {
    boolean absolute = path.startsWith("\\");
    String relative = absolute ? path.substring(1) : path;
    return new AmlName(absolute, List.of(relative.split("\\.", -1)));
  }

  @Override
  public void encode(ByteSink out) {
    if (absolute) {
      out.u8('\\');
    }
    if (segments.size() == 2) {
      out.u8(DUAL_NAME_PREFIX);
    } else if (segments.size() > 2) {
      out.u8(MULTI_NAME_PREFIX).u8(segments.size());
    }
    for (String segment : segments) {
      out.ascii(segment + "_".repeat(4 - segment.length()));
    }
  }
}
