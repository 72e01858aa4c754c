package dev.rekindle.vmm.arch.x86.acpi;

import java.util.List;

/** Statements and definitions (ACPI 6.5, 20.2.5): what a DSDT consists of. */
public sealed interface AmlTerm {
  /**
   * @param out receives the term's bytes
   */
  void encode(ByteSink out);

  /**
   * @param terms in order
   * @return their bytes, the body of a DSDT
   */
  static byte[] encodeAll(List<AmlTerm> terms) {
    ByteSink out = new ByteSink();
    terms.forEach(term -> term.encode(out));
    return out.toBytes();
  }

  /**
   * Opens an existing scope.
   *
   * @param name of the scope
   * @param body in it
   */
  record Scope(AmlName name, List<AmlTerm> body) implements AmlTerm {
    /** Copies. */
    public Scope {
      body = List.copyOf(body);
    }

    @Override
    public void encode(ByteSink out) {
      out.u8(0x10);
      PackageLength.encode(named(name, body), out);
    }
  }

  /**
   * Defines a device.
   *
   * @param name of the device
   * @param body its objects
   */
  record Device(AmlName name, List<AmlTerm> body) implements AmlTerm {
    /** Copies. */
    public Device {
      body = List.copyOf(body);
    }

    @Override
    public void encode(ByteSink out) {
      out.u8(0x5B).u8(0x82);
      PackageLength.encode(named(name, body), out);
    }
  }

  /**
   * Defines a named value.
   *
   * @param name of the object
   * @param value constant
   */
  record Name(AmlName name, AmlData value) implements AmlTerm {
    /**
     * @param name one segment
     * @param value constant
     */
    public Name(String name, AmlData value) {
      this(AmlName.of(name), value);
    }

    @Override
    public void encode(ByteSink out) {
      out.u8(0x08);
      name.encode(out);
      value.encode(out);
    }
  }

  /**
   * Defines a method.
   *
   * @param name of the method
   * @param argumentCount {@code [0, 7]}
   * @param body statements
   */
  record Method(AmlName name, int argumentCount, List<AmlTerm> body) implements AmlTerm {
    /** Bit of the flags: one call at a time. */
    private static final int SERIALIZED = 8;

    /** Copies and checks. */
    public Method {
      if (argumentCount < 0 || argumentCount > 7) {
        throw new IllegalArgumentException("0 to 7 arguments, got " + argumentCount);
      }
      body = List.copyOf(body);
    }

    @Override
    public void encode(ByteSink out) {
      ByteSink inner = new ByteSink();
      name.encode(inner);
      inner.u8(argumentCount | SERIALIZED).bytes(encodeAll(body));
      out.u8(0x14);
      PackageLength.encode(inner, out);
    }
  }

  /**
   * Executes statements if a condition holds.
   *
   * @param condition anything but 0
   * @param body statements
   */
  record If(AmlData condition, List<AmlTerm> body) implements AmlTerm {
    /** Copies. */
    public If {
      body = List.copyOf(body);
    }

    @Override
    public void encode(ByteSink out) {
      ByteSink inner = new ByteSink();
      condition.encode(inner);
      inner.bytes(encodeAll(body));
      out.u8(0xA0);
      PackageLength.encode(inner, out);
    }
  }

  /**
   * Tells a device's driver of an event.
   *
   * @param device the device
   * @param value of the event; 0x80 and above are the device's own
   */
  record Notify(AmlName device, AmlData value) implements AmlTerm {
    @Override
    public void encode(ByteSink out) {
      out.u8(0x86);
      device.encode(out);
      value.encode(out);
    }
  }

  private static ByteSink named(AmlName name, List<AmlTerm> body) {
    ByteSink inner = new ByteSink();
    name.encode(inner);
    return inner.bytes(encodeAll(body));
  }
}
