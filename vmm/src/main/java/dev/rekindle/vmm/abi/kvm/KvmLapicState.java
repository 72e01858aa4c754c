package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_lapic_state}; {@code linux/kvm.h}; 1024 bytes. */
public final class KvmLapicState {
  public static final StructLayout LAYOUT =
      structLayout(sequenceLayout(1024, JAVA_BYTE).withName("regs")).withName("kvm_lapic_state");

  private KvmLapicState() {}
}
