package dev.rekindle.vmm.abi.kvm;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.StructLayout;

/** {@code struct kvm_mp_state}; {@code linux/kvm.h}; 4 bytes. */
public final class KvmMpState {
  public static final int RUNNABLE = 0;
  public static final int UNINITIALIZED = 1;
  public static final int HALTED = 3;

  public static final StructLayout LAYOUT =
      structLayout(JAVA_INT.withName("mp_state")).withName("kvm_mp_state");

  public static final long MP_STATE = LAYOUT.byteOffset(groupElement("mp_state"));

  private KvmMpState() {}
}
