package dev.rekindle.vmm.arch.x86.acpi;

import java.util.List;

/** Constants, arguments and comparisons (ACPI 6.5, 20.2.3 and 20.2.5). */
public sealed interface AmlValue extends AmlData {
  /**
   * An unsigned integer, in as few bytes as it needs.
   *
   * @param value 64 bits
   */
  record Int(long value) implements AmlValue {
    @Override
    public void encode(ByteSink out) {
      if (value == 0 || value == 1) {
        out.u8((int) value);
      } else if (value >>> 8 == 0) {
        out.u8(0x0A).u8((int) value);
      } else if (value >>> 16 == 0) {
        out.u8(0x0B).u16((int) value);
      } else if (value >>> 32 == 0) {
        out.u8(0x0C).u32(value);
      } else {
        out.u8(0x0E).u64(value);
      }
    }
  }

  /**
   * A string.
   *
   * @param text ASCII without NUL
   */
  record Text(String text) implements AmlValue {
    /** Checks the characters. */
    public Text {
      if (!text.chars().allMatch(c -> c >= 1 && c <= 0x7F)) {
        throw new IllegalArgumentException("ASCII without NUL only, got \"" + text + "\"");
      }
    }

    @Override
    public void encode(ByteSink out) {
      out.u8(0x0D).ascii(text).u8(0);
    }
  }

  /**
   * A compressed EISA identifier, such as PNP0501 (19.3.4).
   *
   * @param id three capital letters, four hexadecimal digits
   */
  record EisaId(String id) implements AmlValue {
    /** Checks the characters. */
    public EisaId {
      if (!id.matches("[A-Z]{3}[0-9A-F]{4}")) {
        throw new IllegalArgumentException("an EISA id is three letters, four digits, got " + id);
      }
    }

    @Override
    public void encode(ByteSink out) {
      int letters =
          (id.charAt(0) - 0x40) << 10 | (id.charAt(1) - 0x40) << 5 | (id.charAt(2) - 0x40);
      int digits = Integer.parseInt(id.substring(3), 16);
      // Stored most significant byte first, read as a little-endian number.
      out.u8(0x0C).u8(letters >>> 8).u8(letters).u8(digits >>> 8).u8(digits);
    }
  }

  /**
   * A package of constants.
   *
   * @param elements at most 255
   */
  record Package(List<AmlData> elements) implements AmlValue {
    /** Copies and checks. */
    public Package {
      elements = List.copyOf(elements);
      if (elements.size() > 255) {
        throw new IllegalArgumentException("at most 255 elements, got " + elements.size());
      }
    }

    @Override
    public void encode(ByteSink out) {
      ByteSink body = new ByteSink().u8(elements.size());
      elements.forEach(element -> element.encode(body));
      out.u8(0x12);
      PackageLength.encode(body, out);
    }
  }

  /**
   * A buffer with a resource template, the value of {@code _CRS}.
   *
   * @param resources in order
   */
  record Resources(List<Resource> resources) implements AmlValue {
    /** Copies. */
    public Resources {
      resources = List.copyOf(resources);
    }

    @Override
    public void encode(ByteSink out) {
      byte[] template = Resource.template(resources);
      ByteSink body = new ByteSink();
      new Int(template.length).encode(body);
      body.bytes(template);
      out.u8(0x11);
      PackageLength.encode(body, out);
    }
  }

  /**
   * An argument of the method around it.
   *
   * @param index {@code [0, 6]}
   */
  record Arg(int index) implements AmlValue {
    /** Checks the index. */
    public Arg {
      if (index < 0 || index > 6) {
        throw new IllegalArgumentException("index must be in [0, 6], got " + index);
      }
    }

    @Override
    public void encode(ByteSink out) {
      out.u8(0x68 + index);
    }
  }

  /**
   * True if both are equal.
   *
   * @param left one
   * @param right the other
   */
  record Equal(AmlData left, AmlData right) implements AmlValue {
    @Override
    public void encode(ByteSink out) {
      out.u8(0x93);
      left.encode(out);
      right.encode(out);
    }
  }
}
