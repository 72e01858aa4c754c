package dev.rekindle.vmm.arch.x86.acpi;

/** Something that has a value: a constant, a name, an argument. */
public sealed interface AmlData permits AmlName, AmlValue {
  /**
   * @param out receives the term's bytes
   */
  void encode(ByteSink out);
}
