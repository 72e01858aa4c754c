package dev.rekindle.vmm.arch.x86.acpi;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads back the AML that the writer can write and turns it into text, one object a line. Written
 * from the specification's grammar (ACPI 6.5, 20.2), not from the writer.
 */
public final class AmlReader {
  private final ByteBuffer in;
  private final List<String> lines = new ArrayList<>();

  private AmlReader(byte[] aml) {
    in = ByteBuffer.wrap(aml).order(ByteOrder.LITTLE_ENDIAN);
  }

  /** The objects of a term list, indented by depth. */
  public static List<String> read(byte[] aml) {
    AmlReader reader = new AmlReader(aml);
    reader.terms(aml.length, "");
    return reader.lines;
  }

  private void terms(int end, String indent) {
    while (in.position() < end) {
      term(indent);
    }
    if (in.position() != end) {
      throw new AssertionError("a term passes its package's end " + end);
    }
  }

  private void term(String indent) {
    int opcode = u8();
    switch (opcode) {
      case 0x08 -> lines.add(indent + "Name " + name() + " " + data());
      case 0x10 -> {
        int end = packageEnd();
        lines.add(indent + "Scope " + name());
        terms(end, indent + " ");
      }
      case 0x14 -> {
        int end = packageEnd();
        lines.add(indent + "Method " + name() + " " + (u8() & 7));
        terms(end, indent + " ");
      }
      case 0x5B -> {
        require(u8() == 0x82, "DeviceOp");
        int end = packageEnd();
        lines.add(indent + "Device " + name());
        terms(end, indent + " ");
      }
      case 0x86 -> lines.add(indent + "Notify " + name() + " " + data());
      case 0xA0 -> {
        int end = packageEnd();
        lines.add(indent + "If " + data());
        terms(end, indent + " ");
      }
      default -> throw new AssertionError("opcode 0x%x at %d".formatted(opcode, in.position() - 1));
    }
  }

  private String data() {
    int opcode = u8();
    return switch (opcode) {
      case 0x00 -> "0";
      case 0x01 -> "1";
      case 0x0A -> Integer.toString(u8());
      case 0x0B -> Integer.toString(in.getShort() & 0xFFFF);
      case 0x0C -> Long.toString(in.getInt() & 0xFFFF_FFFFL);
      case 0x0E -> Long.toUnsignedString(in.getLong());
      case 0x0D -> "\"" + text() + "\"";
      case 0x11 -> {
        int end = packageEnd();
        int size = Integer.parseInt(data());
        require(end - in.position() == size, "buffer size");
        yield resources(end);
      }
      case 0x12 -> {
        int end = packageEnd();
        List<String> elements = new ArrayList<>();
        for (int i = u8(); i > 0; i--) {
          elements.add(data());
        }
        require(in.position() == end, "package end");
        yield elements.toString();
      }
      case 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E -> "Arg" + (opcode - 0x68);
      case 0x93 -> data() + "==" + data();
      default -> throw new AssertionError("data 0x%x at %d".formatted(opcode, in.position() - 1));
    };
  }

  private String resources(int end) {
    List<String> found = new ArrayList<>();
    while (true) {
      int tag = u8();
      switch (tag) {
        case 0x47 -> {
          require(u8() == 1, "16-bit decode");
          int min = in.getShort() & 0xFFFF;
          int max = in.getShort() & 0xFFFF;
          require(min == max && u8() == 1, "fixed ports");
          found.add("io 0x%x+%d".formatted(min, u8()));
        }
        case 0x86 -> {
          require(in.getShort() == 9, "length");
          String access = u8() == 1 ? "rw" : "ro";
          found.add("memory %s 0x%x+0x%x".formatted(access, in.getInt(), in.getInt()));
        }
        case 0x89 -> {
          require(in.getShort() == 6, "length");
          int flags = u8();
          require(u8() == 1, "one interrupt");
          found.add(
              "irq %d %s %s%s%s"
                  .formatted(
                      in.getInt(),
                      (flags & 2) != 0 ? "edge" : "level",
                      (flags & 4) != 0 ? "low" : "high",
                      (flags & 8) != 0 ? " shared" : "",
                      (flags & 1) != 0 ? "" : " producer"));
        }
        case 0x79 -> {
          require(u8() == 0, "end tag checksum");
          require(in.position() == end, "end tag is last");
          return found.toString();
        }
        default -> throw new AssertionError("resource tag 0x%x".formatted(tag));
      }
    }
  }

  private String name() {
    StringBuilder name = new StringBuilder();
    int first = u8();
    if (first == '\\') {
      name.append('\\');
      first = u8();
    }
    int segments = 1;
    if (first == 0x2E) {
      segments = 2;
    } else if (first == 0x2F) {
      segments = u8();
    } else {
      in.position(in.position() - 1);
    }
    for (int i = 0; i < segments; i++) {
      byte[] segment = new byte[4];
      in.get(segment);
      String characters = new String(segment, StandardCharsets.US_ASCII);
      require(characters.matches("[A-Z_][A-Z0-9_]{3}"), "name segment " + characters);
      name.append(i == 0 ? "" : ".").append(characters);
    }
    return name.toString();
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    for (int c = u8(); c != 0; c = u8()) {
      text.append((char) c);
    }
    return text.toString();
  }

  private int packageEnd() {
    int start = in.position();
    int lead = u8();
    int following = lead >>> 6;
    int length = following == 0 ? lead & 0x3F : lead & 0xF;
    require(following == 0 || (lead & 0x30) == 0, "reserved bits of a package length");
    for (int i = 0; i < following; i++) {
      length |= u8() << 4 + 8 * i;
    }
    return start + length;
  }

  private int u8() {
    return in.get() & 0xFF;
  }

  private static void require(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }
}
