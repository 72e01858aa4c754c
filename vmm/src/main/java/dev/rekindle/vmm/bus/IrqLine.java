package dev.rekindle.vmm.bus;

/** A guest interrupt line. Thread: any. */
public interface IrqLine {
  /** Gives the line an edge. */
  void raise();
}
